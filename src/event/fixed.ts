import type { ASTNode } from '@marcbachmann/cel-js';
import type { Attribute, Indexed } from './attributes.ts';
import { attributeOf, macroOf } from './syntax.ts';

/** What every client fulfils whom a filter matches: the attribute is, or has among its items, one of the values. */
export interface Fixed {
  readonly attribute: Indexed;
  readonly values: readonly string[];
}

/** All that is fixed. */
export interface Fixing {
  readonly fixes: readonly Fixed[];
  /** Whether whoever fulfils all of them is matched: nothing else is asked. */
  readonly whole: boolean;
}

const NOTHING: Fixing = { fixes: [], whole: false };

/**
 * Finds what an expression fixes: equalities on indexed attributes, alone or joined by `&&`. With `||` something is fixed
 * only if both sides fix the same attribute, and never below `!`.
 *
 * An equality with the empty text fixes nothing: that is what all those have of whom nothing is known.
 */
export function fixedIn(node: ASTNode): Fixing {
  if (node.op === '&&') return both(fixedIn(node.args[0]), fixedIn(node.args[1]));
  if (node.op === '||') return either(fixedIn(node.args[0]), fixedIn(node.args[1]));
  return fixing(equality(node) ?? membership(node) ?? existence(node));
}

function both(left: Fixing, right: Fixing): Fixing {
  return { fixes: [...left.fixes, ...right.fixes], whole: left.whole && right.whole };
}

function either(left: Fixing, right: Fixing): Fixing {
  const fixes = left.fixes.flatMap(({ attribute, values }) =>
    right.fixes
      .filter((other) => other.attribute === attribute)
      .map((other) => ({ attribute, values: [...new Set([...values, ...other.values])] })),
  );
  return { fixes, whole: left.whole && right.whole && left.fixes.length === 1 && right.fixes.length === 1 && fixes.length === 1 };
}

function fixing(fixed: Fixed | undefined): Fixing {
  return fixed && !fixed.values.includes('') ? { fixes: [fixed], whole: true } : NOTHING;
}

/** `profile == "x"`, either way round. */
function equality(node: ASTNode): Fixed | undefined {
  if (node.op !== '==') return undefined;
  const [left, right] = node.args;
  return text(textAttribute(left), textIn(right)) ?? text(textAttribute(right), textIn(left));
}

/** `profile in ["x", "y"]`, `"x" in roles`. */
function membership(node: ASTNode): Fixed | undefined {
  if (node.op !== 'in') return undefined;
  const [left, right] = node.args;
  const values = textsIn(right);
  const attribute = textAttribute(left);
  if (attribute && values) return { attribute, values };
  return text(listAttribute(right), textIn(left));
}

/** `roles.exists(r, r in ["x", "y"])`, `roles.exists(r, r == "x")`. */
function existence(node: ASTNode): Fixed | undefined {
  const macro = macroOf(node);
  const attribute = macro && listAttribute(macro.list);
  const [body] = macro?.bodies ?? [];
  if (!attribute || macro.name !== 'exists' || !body) return undefined;
  const isItem = (part: ASTNode): boolean => part.op === 'id' && part.args === macro.item;
  if (body.op !== 'in' && body.op !== '==') return undefined;
  const [left, right] = body.args;
  if (!isItem(left)) return undefined;
  if (body.op === '==') return text(attribute, textIn(right));
  const values = textsIn(right);
  return values && { attribute, values };
}

function text(attribute: Indexed | undefined, value: string | undefined): Fixed | undefined {
  return attribute !== undefined && value !== undefined ? { attribute, values: [value] } : undefined;
}

const TEXTS: ReadonlySet<Attribute> = new Set<Indexed>(['id', 'login', 'profile', 'client.id']);
const LISTS: ReadonlySet<Attribute> = new Set<Indexed>(['roles', 'topics']);

function textAttribute(node: ASTNode): Indexed | undefined {
  const attribute = attributeOf(node);
  return attribute && TEXTS.has(attribute) ? (attribute as Indexed) : undefined;
}

function listAttribute(node: ASTNode): Indexed | undefined {
  const attribute = attributeOf(node);
  return attribute && LISTS.has(attribute) ? (attribute as Indexed) : undefined;
}

function textIn(node: ASTNode): string | undefined {
  return node.op === 'value' && typeof node.args === 'string' ? node.args : undefined;
}

function textsIn(node: ASTNode): string[] | undefined {
  if (node.op !== 'list') return undefined;
  const values = node.args.map(textIn);
  return values.every((value) => value !== undefined) ? values : undefined;
}
