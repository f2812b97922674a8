import type { MemberExpression, Node } from "estree";

/** The nodes right below `node`. */
export function childrenOf(node: Node): readonly Node[] {
  return Object.values(node).flat().filter(isNode);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

/** `root`, and all below it; but nothing below those for which `isLeft` says so. */
export function nodesOf(root: Node, isLeft: (node: Node) => boolean = () => false): readonly Node[] {
  const nodes = [root];
  // What is added meanwhile is walked as well.
  for (const node of nodes) if (!isLeft(node)) nodes.push(...childrenOf(node));
  return nodes;
}

/** Which node each stands right below. */
export function parentsOf(root: Node): ReadonlyMap<Node, Node> {
  const parents = new Map<Node, Node>();
  for (const node of nodesOf(root)) for (const child of childrenOf(node)) parents.set(child, node);
  return parents;
}

/** Whether `node` is the `0 && …` by which esbuild tells Node of a module's exports: nothing of it is ever run. */
export function isNeverRun(node: Node): boolean {
  return node.type === "LogicalExpression" && node.left.type === "Literal" && node.left.value === 0;
}

/** The name of the property that is read: of `a.b` and `a["b"]`; `undefined` where only running it would tell. */
export function memberName({ computed, property }: MemberExpression): string | undefined {
  if (property.type === "PrivateIdentifier") return `#${property.name}`;
  if (!computed) return property.type === "Identifier" ? property.name : undefined;
  return property.type === "Literal" ? String(property.value) : undefined;
}

/** Whether `node` is set, counted up or down, or deleted, given what it stands below. */
export function isChanged(node: Node, parents: ReadonlyMap<Node, Node>): boolean {
  const parent = parents.get(node);
  switch (parent?.type) {
    case "AssignmentExpression":
    case "AssignmentPattern":
    case "ForInStatement":
    case "ForOfStatement":
      return parent.left === node;
    case "UpdateExpression":
    case "RestElement":
    case "ArrayPattern":
      return true;
    case "UnaryExpression":
      return parent.operator === "delete";
    case "ChainExpression":
      return isChanged(parent, parents);
    case "Property":
      return parent.value === node && parents.get(parent)?.type === "ObjectPattern";
    default:
      return false;
  }
}
