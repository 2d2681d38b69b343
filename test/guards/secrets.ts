// Made-up secrets in the formats of vendors, put together while the test runs: no file holds one.

const lower = 'abcdefghijklmnopqrstuvwxyz'
const upper = lower.toUpperCase()
const digits = '0123456789'
const hex = 'abcdef0123456789'
const alnum = lower + upper + digits
const url = `${alnum}-_`

export interface PlantedSecret {
  readonly name: string
  readonly text: string
}

export function plantedSecrets(random: (below: number) => number): readonly PlantedSecret[] {
  const of = (set: string, count: number) =>
    Array.from({ length: count }, () => set.charAt(random(set.length))).join('')
  const uuid = () => [8, 4, 4, 4, 12].map((count) => of(hex, count)).join('-')
  const base64 = (count: number) => Buffer.from(of(alnum, count)).toString('base64')
  const part = (object: object) => Buffer.from(JSON.stringify(object)).toString('base64url')
  const jwt = () =>
    `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: of(alnum, 10), exp: 1_900_000_000 })}.${of(url, 43)}`
  const pem = (kind: string) =>
    `-----BEGIN ${kind}PRIVATE KEY-----\n${Array.from({ length: 12 }, () => of(`${alnum}+/`, 64)).join('\n')}\n-----END ${kind}PRIVATE KEY-----`
  const made: Readonly<Record<string, string>> = {
    'aws access key': `AKIA${of('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}`,
    'aws secret key': `aws_secret_access_key = ${of(`${alnum}/+`, 40)}`,
    'github token': `ghp_${of(alnum, 36)}`,
    'github fine-grained': `github_pat_${of(alnum, 22)}_${of(alnum, 59)}`,
    'gitlab token': `glpat-${of(url, 20)}`,
    'openai project': `sk-proj-${of(url, 74)}T3BlbkFJ${of(url, 74)}`,
    'openai legacy': `sk-${of(alnum, 20)}T3BlbkFJ${of(alnum, 20)}`,
    anthropic: `sk-ant-api03-${of(url, 93)}AA`,
    openrouter: `sk-or-v1-${of(hex, 64)}`,
    groq: `gsk_${of(alnum, 52)}`,
    xai: `xai-${of(alnum, 80)}`,
    huggingface: `hf_${of(alnum, 34)}`,
    replicate: `r8_${of(alnum, 37)}`,
    perplexity: `pplx-${of(alnum, 48)}`,
    'google api': `AIza${of(url, 35)}`,
    'google oauth': `ya29.${of(url, 120)}`,
    'google client': `GOCSPX-${of(url, 28)}`,
    'slack bot': `xoxb-${of(digits, 12)}-${of(digits, 12)}-${of(alnum, 24)}`,
    'slack webhook': `https://hooks.slack.com/services/T${of(upper + digits, 10)}/B${of(upper + digits, 10)}/${of(alnum, 24)}`,
    'discord webhook': `https://discord.com/api/webhooks/${of(digits, 18)}/${of(url, 68)}`,
    'stripe live': `sk_live_${of(alnum, 24)}`,
    'stripe webhook': `whsec_${of(alnum, 32)}`,
    twilio: `SK${of(hex, 32)}`,
    sendgrid: `SG.${of(url, 22)}.${of(url, 43)}`,
    mailchimp: `${of(hex, 32)}-us12`,
    mailgun: `mailgun api key: key-${of(hex, 32)}`,
    npm: `npm_${of(alnum, 36)}`,
    pypi: `pypi-AgEIcHlwaS5vcmc${of(url, 60)}`,
    docker: `dckr_pat_${of(url, 27)}`,
    digitalocean: `dop_v1_${of(hex, 64)}`,
    'vault service': `hvs.${of(url, 95)}`,
    doppler: `dp.pt.${of(alnum, 43)}`,
    databricks: `dapi${of(hex, 32)}`,
    shopify: `shpat_${of(hex, 32)}`,
    figma: `figd_${of(url, 40)}`,
    notion: `ntn_${of(digits, 11)}${of(alnum, 35)}`,
    linear: `lin_api_${of(alnum, 40)}`,
    airtable: `pat${of(alnum, 14)}.${of(hex, 64)}`,
    telegram: `${of('123456789', 9)}:AA${of(url, 33)}`,
    supabase: `sbp_${of(hex, 40)}`,
    grafana: `glsa_${of(alnum, 32)}_${of(hex, 8)}`,
    langsmith: `lsv2_pt_${of(hex, 32)}_${of(hex, 10)}`,
    tavily: `tvly-${of(alnum, 32)}`,
    pinecone: `pcsk_${of(alnum, 60)}`,
    nvidia: `nvapi-${of(url, 64)}`,
    sluice: `slk_${of(alnum, 8)}_${of(alnum, 32)}`,
    jwt: jwt(),
    'bearer header': `Authorization: Bearer ${of(alnum, 40)}`,
    'postgres url': `postgres://app:${of(alnum, 16)}@db.internal:5432/main`,
    'mongodb url': `mongodb+srv://app:${of(alnum, 16)}@cluster0.mongodb.net/x`,
    'ado string': `Server=db;Database=x;User Id=app;Password=${of(alnum, 14)};`,
    'azure storage': `AccountName=x;AccountKey=${of(`${alnum}+/`, 86)}==;`,
    'cloudflare named': `cloudflare_api_key = "${of(lower + digits, 40)}"`,
    'hubspot token': `pat-na1-${uuid()}`,
    'mailgun bare': `key-${of(hex, 32)}`,
    'newrelic key': `NRAK-${of(upper + digits, 27)}`,
    'facebook token': `EAAG${of(alnum, 120)}`,
    'dropbox token': `sl.${of(url, 136)}`,
    'tencent id': `AKID${of(alnum, 32)}`,
    'rsa key': pem('RSA '),
    'pkcs8 key': pem(''),
    'openssh key': pem('OPENSSH '),
    'basic header': `Authorization: Basic ${base64(24)}`,
  }
  return Object.entries(made).map(([name, text]) => ({ name, text }))
}
