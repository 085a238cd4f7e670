/** Chance that depends on a place alone, so that every screen shows the same bay. Pure. */

/** A number from 0 to below 1 for a cell of the plane; `salt` tells several numbers of one cell apart. */
export function chanceAt(column, row, salt = 0) {
  let hash = Math.imul(column, 374761393) + Math.imul(row, 668265263) + Math.imul(salt, 974634967);
  hash = Math.imul(hash ^ (hash >>> 13), 1274126177);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
