// Which language a text is in: by script, and within a script by the short words that every text is full of.
import type { RuleCheck } from '#shared/flow/definition.ts'
import type { RuleOf } from '#shared/guards/rule-config.ts'

const words: Readonly<Record<string, string>> = {
  en: 'the and of to in is that it for you with are this was have not be as on what how can from or an your will they about would there which their when if but my do we has i me please',
  de: 'der die das und ist nicht ein eine ich zu den mit von für auf sie es dem wie wird im auch als an werden aus bei sind oder kann was einen wir wenn nach dass über haben diese einem mir bitte mein',
  fr: 'le la les de des et est un une que pour dans en du qui pas sur vous il ce au avec je plus par ne sont cette ou se être votre comment nous mais à moi quel aux mon',
  es: 'el la los las de que y en un una es por para con no del se su lo como más al está este pero sus qué cómo si son ha mi me yo puede sobre esta cuál',
  it: 'il lo la gli di che e è un una per in non del con sono le si come al della più questo da i ma nel ha mi anche cosa alla dei delle essere questa puoi',
  pt: 'o a os as de que e em um uma é para com não do da por se como mais no na dos este ao você está eu são isso seu sua ou foi mas uma pelo também qual',
  nl: 'de het een en van is dat in op te niet voor met zijn die je aan er om ook als wat maar bij hoe naar ik wordt deze kan dit over uit hebben mijn u',
  sv: 'och att det är en som på i för med inte av den ett jag till har kan om de hur du från vi eller så var men min vad ska',
  da: 'og at det er en som på i for med ikke af den et jeg til har kan om de hvordan du fra vi eller så var men min hvad skal være',
  no: 'og at det er en som på i for med ikke av den et jeg til har kan om de hvordan du fra vi eller så var men min hva skal være hvilken',
  fi: 'ja on ei se että hän oli mutta niin kun kuin voi minä ovat tai joka myös tämä mitä miten sinä ole olla minun vain jos mikä',
  pl: 'i w na nie się z do to jest że jak o co za po ale od jego czy tak dla przez może być są te tego ma który mi jako',
  cs: 'a v na se je že to z do si s o jak ale jako by pro jsem co k které nebo jsou není být může po tak při jaký',
  ro: 'și în de la cu nu este pe o un că a să pentru din care ce mai se sunt cum sau ale fi dar acest această am',
  hu: 'a az és hogy nem is egy ez van de meg volt mint csak ha vagy azt még már mit ki fel minden kell hogyan milyen én',
  tr: 've bir bu da de için ile ne mi çok gibi daha ben o olarak olan var nasıl ama en kadar sonra değil her şey bana hangi',
  id: 'yang dan di ini itu dengan untuk tidak dari pada adalah ke saya akan dalam bisa apa ada atau bagaimana anda oleh juga sebagai karena kami',
  vi: 'là của và có không được một cho những này trong với các người để như khi đã tôi bạn thì về làm từ nào',
  ru: 'и в не на что с как это по но из за для он я вы к от у же его так все мы был или если может быть чтобы мне о',
  uk: 'і в не на що з як це по але із за для він я ви до від у його так все ми був або якщо може бути щоб мені є та',
  bg: 'и в не на че с като това по но от за да се е са той аз вие към у го така всички ние или ако може бъде как ще си',
  ar: 'في من على إلى أن هذا هذه ما لا كان التي الذي عن مع هل كيف هو هي أو كل بعد قد لم إذا ذلك بين أنا',
} // biome-ignore format: one language per line

interface Script {
  readonly letters: RegExp
  readonly languages: readonly string[]
}

/** A script with one language decides by itself. */
const scripts: readonly Script[] = [
  { letters: /[\p{Script=Hiragana}\p{Script=Katakana}]/gu, languages: ['ja'] },
  { letters: /\p{Script=Hangul}/gu, languages: ['ko'] },
  { letters: /\p{Script=Han}/gu, languages: ['zh'] },
  { letters: /\p{Script=Thai}/gu, languages: ['th'] },
  { letters: /\p{Script=Hebrew}/gu, languages: ['he'] },
  { letters: /\p{Script=Greek}/gu, languages: ['el'] },
  { letters: /\p{Script=Devanagari}/gu, languages: ['hi'] },
  { letters: /\p{Script=Arabic}/gu, languages: ['ar'] },
  { letters: /\p{Script=Cyrillic}/gu, languages: ['ru', 'uk', 'bg'] },
  { letters: /\p{Script=Latin}/gu, languages: ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'sv', 'da', 'no', 'fi', 'pl', 'cs', 'ro', 'hu', 'tr', 'id', 'vi'] },
] // biome-ignore format: one script per line

/** Below this a text says too little; it is then no language. */
const minLetters = 12
const minWords = 2
const sample = 20_000

let lists: ReadonlyMap<string, ReadonlySet<string>> | undefined

/** The language of most of the text, or undefined when it is too short or unclear. */
export function languageOf(whole: string): string | undefined {
  lists ??= new Map(Object.entries(words).map(([name, list]) => [name, new Set(list.split(' '))]))
  const text = whole.slice(0, sample).normalize('NFC').toLowerCase()
  let best: Script | undefined
  let most = 0
  for (const script of scripts) {
    // One sign of Han or Hangul says as much as two letters; kana beside Han make it Japanese.
    const weight = script.languages[0] === 'ja' ? 6 : ['ko', 'zh'].includes(script.languages[0] ?? '') ? 2 : 1
    const count = (text.match(script.letters)?.length ?? 0) * weight
    if (count > most) {
      most = count
      best = script
    }
  }
  if (!best || most < minLetters) return undefined
  return best.languages.length === 1 && best.languages[0] !== 'ar'
    ? best.languages[0]
    : byWords(text, best.languages)
}

function byWords(text: string, languages: readonly string[]): string | undefined {
  const found = text.match(/[\p{L}\p{M}]+/gu) ?? []
  let best: string | undefined
  let first = 0
  let second = 0
  for (const language of languages) {
    const list = lists?.get(language)
    let hits = 0
    for (const word of found) if (list?.has(word)) hits += 1
    if (hits > first) {
      second = first
      first = hits
      best = language
    } else if (hits > second) second = hits
  }
  return first >= minWords && first > second ? best : undefined
}

/** Unclear texts pass: a rule that cannot tell does not block. */
export function language({ allow, deny = [] }: RuleOf<'language'>): RuleCheck {
  return (text) => {
    const found = languageOf(text)
    if (found === undefined) return undefined
    const wrong = allow ? !allow.includes(found) : deny.includes(found)
    return wrong ? { reason: 'language', spans: [] } : undefined
  }
}
