// Sticky choices: the same salt and key always fall on the same place of the line from 0 to 1.

/**
 * 0 ≤ x < 1 with 53 uniform bits. Two multiplicative lanes, each finished as murmur3 does it: keys that differ in one
 * bit land far apart, which a split with few, similar keys (`user-1`, `user-2`) needs.
 */
export function bucketOf(salt: string, key: string): number {
  let a = 0x9e3779b9 ^ salt.length
  let b = 0x85ebca6b ^ key.length
  for (let i = 0; i < salt.length; i += 1) {
    const unit = salt.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x9e3779b1)
    b = Math.imul(b ^ unit, 0x5f356495)
  }
  // A border that no character can be, so that ('ab', 'c') and ('a', 'bc') differ.
  a = Math.imul(a ^ 0x10000, 0x9e3779b1)
  b = Math.imul(b ^ 0x10000, 0x5f356495)
  for (let i = 0; i < key.length; i += 1) {
    const unit = key.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x9e3779b1)
    b = Math.imul(b ^ unit, 0x5f356495)
  }
  a = finish(a ^ (b >>> 13))
  b = finish(b ^ (a >>> 7))
  return ((a >>> 0) * 0x200000 + (b >>> 11)) / 0x20000000000000
}

function finish(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
