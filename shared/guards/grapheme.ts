const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
/** A cluster longer than this is no letter that a person sees; it may be cut between code points. */
const maxCluster = 256

/** The last place at or before `index` where the text can be cut without tearing a character apart. */
export function graphemeCut(text: string, index: number): number {
  if (index <= 0 || index >= text.length) return Math.max(0, Math.min(index, text.length))
  const before = text.charCodeAt(index - 1)
  const after = text.charCodeAt(index)
  if (before < 0x80 && after < 0x80 && !(before === 13 && after === 10)) return index
  const from = Math.max(0, index - maxCluster)
  const slice = text.slice(from, index + maxCluster)
  const cluster = segmenter.segment(slice).containing(index - from)
  if (cluster && (cluster.index > 0 || from === 0)) return from + cluster.index
  const low = after >= 0xdc00 && after <= 0xdfff && before >= 0xd800 && before <= 0xdbff
  return low ? index - 1 : index
}
