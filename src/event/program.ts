import type { ASTNode } from '@marcbachmann/cel-js';
import { ATTRIBUTES, type Attribute } from './attributes.ts';
import { FUNCTIONS } from './functions.ts';
import type { Client } from './identity.ts';
import { LOOPS, type Loop } from './macros.ts';
import { NEGATIVE, NOT, OPERATORS } from './operators.ts';
import {
  access,
  attempt,
  BUDGET,
  call,
  choice,
  constant,
  decision,
  list,
  loop,
  membership,
  membershipOfMany,
  type Part,
  presence,
} from './parts.ts';
import { attributeOf, macroOf, typeOf } from './syntax.ts';

/** A compiled filter. */
export interface Program {
  /** Whether an expression is true for a client; false if it cannot be decided. */
  readonly matches: (client: Client) => boolean;
  /** What that costs at most, in units of about a nanosecond, but for claims and long texts. */
  readonly cost: number;
}

/** What is left at least for claims and long texts. */
const RESERVE = 300;

/** Roles and topics have at most so many items. */
const ITEMS = 64;

/** Makes the error for what is not available in filters of clients. */
export type Refuse = (detail: string, node: ASTNode) => Error;

/**
 * Compiles a checked expression to functions that call each other: an interpreter of the syntax tree takes ten times as
 * long, and longer where something cannot be decided. Operators do as CEL says, on the types that values have at the time:
 * the type checker has refused what never goes together, and of claims nothing is known before.
 *
 * What an evaluation costs is bounded, so that nobody's filter holds up the others.
 */
export function compile(root: ASTNode, refuse: Refuse): Program {
  const { evaluate, ...part } = new Compiler(refuse).part(root);
  const cost = part.cost + part.once;
  if (cost > BUDGET - RESERVE)
    throw refuse(`takes too long for a client with ${ITEMS} roles and topics; ask less of each of them`, root);
  return { cost, matches: (client) => attempt(evaluate, client, BUDGET - cost) === true };
}

class Compiler {
  readonly #refuse: Refuse;

  constructor(refuse: Refuse) {
    this.#refuse = refuse;
  }

  /** @param item what a macro around it calls its item */
  part(node: ASTNode, item?: string): Part {
    const attribute = attributeOf(node, item);
    if (attribute) return read(attribute);
    const macro = macroOf(node);
    if (macro) {
      const bodies = macro.bodies.map((body) => this.part(body, macro.item));
      return loop(LOOPS[macro.name] as Loop, this.part(macro.list, item), bodies);
    }
    switch (node.op) {
      case 'value':
        if (typeof node.args !== 'object' || node.args === null) return constant(node.args);
        throw this.#refuse('bytes and uint are not available in filters', node);
      case 'id':
        if (node.args === item) return { evaluate: (_, current) => current, cost: 2, once: 0, items: 0, constant: false };
        throw this.#refuse(`'${node.args}' is no value of its own in filters`, node);
      case '.':
        return access(this.part(node.args[0], item), constant(node.args[1]));
      case '[]':
        return access(this.part(node.args[0], item), this.part(node.args[1], item));
      case 'list':
        return list(node.args.map((child) => this.part(child, item)));
      case '&&':
      case '||':
        return decision(this.#sides(node, node.op, item), node.op === '||');
      case '?:':
        return choice(...(node.args.map((child) => this.part(child, item)) as [Part, Part, Part]));
      case '!_':
        return call([this.part(node.args, item)], NOT);
      case '-_':
        return call([this.part(node.args, item)], NEGATIVE);
      case 'in':
        return this.#membership(node.args[0], node.args[1], item);
      case 'call':
        if (node.args[0] === 'has') return this.#presence(node.args[1][0] as ASTNode, item);
        return this.#call(node, node.args[0], node.args[1], item);
      case 'rcall':
        return this.#call(node, node.args[0], [node.args[1], ...node.args[2]], item);
      default:
        return this.#operator(node, item);
    }
  }

  #membership(value: ASTNode, collection: ASTNode, item?: string): Part {
    const isOfMany = item !== undefined && isOwn(collection, item);
    return (isOfMany ? membershipOfMany : membership)(this.part(value, item), this.part(collection, item));
  }

  /** Of a row of the same operator, all sides. */
  #sides(node: ASTNode, op: '&&' | '||', item?: string): Part[] {
    if (node.op !== op) return [this.part(node, item)];
    const [left, right] = node.args as [ASTNode, ASTNode];
    return [...this.#sides(left, op, item), ...this.#sides(right, op, item)];
  }

  #operator(node: ASTNode, item?: string): Part {
    const operator = Object.hasOwn(OPERATORS, node.op) ? OPERATORS[node.op] : undefined;
    if (!operator) throw this.#refuse('maps are not available in filters', node);
    if (typeOf(node)?.startsWith('google.protobuf.')) throw this.#refuse('times can only be compared in filters', node);
    const sides = (node.args as [ASTNode, ASTNode]).map((side) => this.part(side, item));
    return call(sides, operator);
  }

  #call(node: ASTNode, name: string, args: readonly ASTNode[], item?: string): Part {
    const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (!found) throw this.#refuse(`${name}() is not available in filters`, node);
    return call(
      args.map((arg) => this.part(arg, item)),
      found,
    );
  }

  /** `has(a.b.c)`: whether the last field is there. */
  #presence(node: ASTNode, item?: string): Part {
    if (attributeOf(node, item)) return constant(true);
    if (node.op !== '.') throw this.#refuse('has() asks for a field', node);
    return presence(this.part(node.args[0], item), node.args[1]);
  }
}

function read(attribute: Attribute): Part {
  const items = attribute === 'roles' || attribute === 'topics' ? ITEMS : 0;
  return { evaluate: ATTRIBUTES[attribute], cost: 3, once: 0, items, constant: false };
}

/** Whether a node stands for something that a client has, and not for something that is made of it each time. */
function isOwn(node: ASTNode, item: string): boolean {
  if (attributeOf(node, item)) return true;
  const isField = node.op === '.' || (node.op === '[]' && node.args[1].op === 'value');
  return isField && isOwn(node.args[0], item);
}
