import type { ASTNode } from '@marcbachmann/cel-js';
import { ATTRIBUTES, type Attribute } from './attributes.ts';

/** The functions that evaluate an expression for each item of a list. Their first argument names the item. */
export const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

export interface Macro {
  readonly name: string;
  readonly list: ASTNode;
  /** What the item is called in the bodies. */
  readonly item: string;
  readonly bodies: readonly ASTNode[];
}

/** A macro's parts; undefined if a node is none. */
export function macroOf(node: ASTNode): Macro | undefined {
  if (node.op !== 'rcall' || !MACROS.has(node.args[0])) return undefined;
  const [name, list, [item, ...bodies]] = node.args;
  return item?.op === 'id' ? { name, list, item: item.args, bodies } : undefined;
}

/** The nodes right below a node. */
export function children(node: ASTNode): ASTNode[] {
  const found: ASTNode[] = [];
  // Some kinds have lists of nodes among their arguments, or lists of these.
  const take = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) take(item);
    else if (typeof value === 'object' && value !== null && 'op' in value) found.push(value as ASTNode);
  };
  take(node.args);
  return found;
}

/** The type that the checker found for a node, such as `list<string>`. */
export function typeOf(node: ASTNode): string | undefined {
  return (node as { checkedType?: { name?: string } }).checkedType?.name;
}

/** The attribute of the client that a node stands for. @param item the name of a macro's item, which hides an attribute of that name */
export function attributeOf(node: ASTNode, item?: string): Attribute | undefined {
  if (node.op === '.' && node.args[0].op === 'id' && node.args[0].args === 'client' && item !== 'client')
    return known(`client.${node.args[1]}`);
  return node.op === 'id' && node.args !== item ? known(node.args) : undefined;
}

function known(name: string): Attribute | undefined {
  return Object.hasOwn(ATTRIBUTES, name) ? (name as Attribute) : undefined;
}

/** The attributes that an expression reads. */
export function attributesIn(root: ASTNode): readonly Attribute[] {
  const found = new Set<Attribute>();
  const visit = (node: ASTNode, item?: string): void => {
    const attribute = attributeOf(node, item);
    if (attribute) found.add(attribute);
    const macro = macroOf(node);
    if (!macro) for (const child of children(node)) visit(child, item);
    else {
      visit(macro.list, item);
      for (const body of macro.bodies) visit(body, macro.item);
    }
  };
  visit(root);
  return [...found];
}
