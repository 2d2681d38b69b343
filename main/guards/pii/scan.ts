// Personal data of the structured kinds (guardrails 5): candidates, checks and context, then one answer per place.
import type { PiiOptions, Span } from '#shared/flow/definition.ts'
import { withoutOverlaps } from '#shared/guards/overlaps.ts'
import { viewsOf } from '../text/normalise.ts'
import type { Recogniser } from './candidate.ts'
import { card } from './card.ts'
import { custom } from './custom.ts'
import { email } from './email.ts'
import { iban } from './iban.ts'
import { nationalId } from './national-id.ts'
import { ip, mac } from './network.ts'
import { phone } from './phone.ts'
import { url } from './url.ts'
import { wallet } from './wallet.ts'

export function piiScan({ kinds, regions, custom: own }: PiiOptions): (text: string) => readonly Span[] {
  const has = (kind: string) => kinds.includes(kind)
  const worded: Recogniser[] = []
  const numbered: Recogniser[] = []
  if (has('email')) worded.push(email)
  if (has('url')) worded.push(url)
  worded.push(...own.map(custom))
  if (has('wallet')) numbered.push(wallet)
  if (has('card')) numbered.push(card)
  if (has('iban')) numbered.push(iban)
  if (has('ip')) numbered.push(ip, mac)
  if (has('national_id')) numbered.push(nationalId(regions))
  if (has('phone')) numbered.push(phone(regions))
  return (text) => {
    const { plain } = viewsOf(text)
    const found = worded.flatMap((recogniser) => recogniser(plain.text))
    // An IPv6 address may be all letters, but then nobody can tell it from words.
    if (/\d/.test(plain.text)) for (const recogniser of numbered) found.push(...recogniser(plain.text))
    return withoutOverlaps(found).map((span) => ({ ...span, ...plain.original(span.start, span.end) }))
  }
}
