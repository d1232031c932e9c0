/**
 * The slowest filters that are legal. Of each kind that a search among some 400 000 random ones, on clients that have
 * nothing in common, found to take long, this is one as near to what is refused as can be.
 */
export const WORST: readonly string[] = [
  'topics.exists(t, t in roles) || "x" in claims.groups',
  'roles.exists(r, r.startsWith("x1") || r.startsWith("x2") || r.startsWith("x3") || r.startsWith("x4"))',
  'roles.exists(r, r.lowerAscii() == "x")',
  'roles.exists(r, !r.endsWith(r)) || topics.exists(t, t == "a")',
  'roles.exists(r, r.contains("zz") || r.contains("rq"))',
  'claims.groups == roles.filter(r, r == r) || roles.filter(r, true) == topics',
  'roles.map(r, r + "x") == topics',
  `${Array(16).fill('"x" in claims.groups').join(' || ')}`,
  `${Array(10).fill('name.upperAscii() == "x"').join(' || ')}`,
  `claims.map.exists(k, k in roles) || claims.groups.exists(g, g.contains("x")) || claims.groups.exists(g, g in topics)`,
];
