// Secrets that the rules of gitleaks do not know, or know in one form only. Written for prose as well as for files.
import type { SecretRule } from './rules.ts'

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'

/** `id`, keywords, and the expression; its first group is the secret. */
function rule(id: string, keywords: string, regex: string, rest: Partial<SecretRule> = {}): SecretRule {
  return { id, keywords: keywords.split(' '), regex, entropy: 3, ...rest }
}

const models: readonly SecretRule[] = [
  rule('openai-key', 'sk-proj- sk-svcacct- sk-admin- sk-service-', String.raw`\b(sk-(?:proj|svcacct|admin|service)-[\w-]{20,220})`),
  rule('sk-key', 'sk-', String.raw`\b(sk-[A-Za-z0-9]{32,64})\b`, { need: 35 }),
  rule('anthropic-key', 'sk-ant-', String.raw`\b(sk-ant-[a-z0-9]{3,12}-[\w-]{32,200})`),
  rule('openrouter-key', 'sk-or-', String.raw`\b(sk-or-(?:v1-)?[0-9a-f]{40,80})\b`),
  rule('groq-key', 'gsk_', String.raw`\b(gsk_[A-Za-z0-9]{40,60})\b`),
  rule('xai-key', 'xai-', String.raw`\b(xai-[\w-]{60,100})`),
  rule('replicate-token', 'r8_', String.raw`\b(r8_[A-Za-z0-9]{30,45})\b`),
  rule('huggingface-token', 'hf_ api_org_', String.raw`\b((?:hf|api_org)_[A-Za-z0-9]{30,45})\b`),
  rule('fireworks-key', 'fw_', String.raw`\b(fw_[A-Za-z0-9]{20,40})\b`),
  rule('cerebras-key', 'csk-', String.raw`\b(csk-[a-z0-9]{40,60})\b`),
  rule('together-key', 'tgp_v1_', String.raw`\b(tgp_v1_[\w-]{40,60})`),
  rule('nvidia-key', 'nvapi-', String.raw`\b(nvapi-[\w-]{50,90})`),
  rule('langfuse-key', 'sk-lf-', String.raw`\b(sk-lf-${uuid})\b`),
  rule('langsmith-key', 'lsv2_', String.raw`\b(lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10})\b`),
  rule('pinecone-key', 'pcsk_', String.raw`\b(pcsk_\w{40,90})\b`),
  rule('tavily-key', 'tvly-', String.raw`\b(tvly-(?:dev-|prod-)?[A-Za-z0-9]{20,50})\b`),
  rule('elevenlabs-key', 'sk_', String.raw`\b(sk_[0-9a-f]{48})\b`, { need: 45 }),
  rule('jina-key', 'jina_', String.raw`\b(jina_[\w-]{40,80})`),
  rule('voyage-key', 'pa-', String.raw`\b(pa-[\w-]{40,50})`, { entropy: 4, need: 40 }),
  rule('firecrawl-key', 'fc-', String.raw`\b(fc-[0-9a-f]{32})\b`),
  rule('mistral-key', 'mistral', String.raw`(?i)mistral[\w .-]{0,20}[\s'"\\]{0,4}(?:=|:|\bis\b)[\s'"\\]{0,6}([A-Za-z0-9]{32})\b`, { assigned: true }),
  rule('azure-key', 'azure ocp-apim devops', String.raw`(?i)(?:azure|ocp-apim|devops)[\w .-]{0,40}[\s'"\\]{0,4}(?:=|:|\bis\b)[\s'"\\]{0,6}([0-9a-f]{32}|[a-z0-9]{52}|[A-Za-z0-9]{84})\b`, { assigned: true }),
  rule('sluice-key', 'slk_', String.raw`\b(slk_[0-9A-Za-z]{8}_[0-9A-Za-z]{32})\b`),
] // biome-ignore format: one rule per line

const clouds: readonly SecretRule[] = [
  rule('aws-secret-key', 'aws secretaccesskey secret_access_key', String.raw`(?i)(?:aws|secret_?access_?key)[\w .-]{0,40}[\s'"\\]{0,4}(?:=>?|:|\bis\b)[\s'"\\]{0,6}([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)`, { assigned: true, entropy: 4 }),
  rule('aws-session-token', 'session_token sessiontoken', String.raw`(?i)session_?token[\s'"\\]{0,4}[=:][\s'"\\]{0,4}([A-Za-z0-9/+]{100,900}={0,2})`, { reach: 1_000 }),
  rule('tencent-secret-id', 'akid', String.raw`\b(AKID[A-Za-z0-9]{32})\b`),
  rule('firebase-server-key', 'aaaa', String.raw`\b(AAAA[\w-]{7}:[\w-]{130,160})`, { need: 100 }),
  rule('azure-storage-key', 'accountkey= sharedaccesskey=', '(?i)(?:AccountKey|SharedAccessKey)=([A-Za-z0-9/+]{43,86}={0,2})'),
  rule('signed-url', 'sig=', String.raw`[?&]sig=([\w%+/-]{32,120}={0,2})`, { before: 200, need: 32 }),
  rule('google-oauth-token', 'ya29.', String.raw`\b(ya29\.[\w-]{30,300})`),
  rule('google-client-secret', 'gocspx-', String.raw`\b(GOCSPX-[\w-]{28})`),
  rule('supabase-key', 'sbp_ sb_secret_', String.raw`\b(sbp_[0-9a-f]{40}|sb_secret_[\w-]{30,40})`),
  rule('vercel-token', 'vcp_ vck_ vci_ vca_ vcr_', String.raw`\b(vc[pkiar]_[A-Za-z0-9]{24,60})\b`),
  rule('netlify-token', 'nfp_', String.raw`\b(nfp_[A-Za-z0-9]{36,46})\b`),
  rule('render-key', 'rnd_', String.raw`\b(rnd_[A-Za-z0-9]{28,40})\b`),
  rule('neon-key', 'napi_', String.raw`\b(napi_[a-z0-9]{60,70})\b`),
  rule('tailscale-key', 'tskey-', String.raw`\b(tskey-[a-z]{3,8}-[A-Za-z0-9]{8,24}-[A-Za-z0-9]{20,50})\b`),
  rule('docker-token', 'dckr_', String.raw`\b(dckr_(?:pat|oat)_[\w-]{24,60})`),
  rule('nuget-key', 'oy2', String.raw`\b(oy2[a-z0-9]{43})\b`),
  rule('crates-token', 'cio', String.raw`\b(cio[A-Za-z0-9]{32})\b`, { entropy: 4, need: 35 }),
  rule('circleci-token', 'ccipat_', String.raw`\b(CCIPAT_[A-Za-z0-9]{20,30}_[0-9a-f]{40})\b`),
  rule('buildkite-token', 'bkua_', String.raw`\b(bkua_[0-9a-f]{40})\b`),
] // biome-ignore format: one rule per line

const services: readonly SecretRule[] = [
  rule('sendgrid-key', 'sg.', String.raw`\b(SG\.[\w-]{16,32}\.[\w-]{16,64})`),
  rule('stripe-webhook-secret', 'whsec_', String.raw`\b(whsec_[A-Za-z0-9+/]{24,70}={0,2})`),
  rule('mailgun-key', 'key-', String.raw`\b(key-[0-9a-f]{32})\b`, { need: 35 }),
  rule('newrelic-key', 'nrak-', String.raw`\b(NRAK-[A-Z0-9]{27})\b`),
  rule('square-secret', 'sq0csp-', String.raw`\b(sq0csp-[\w-]{43})`),
  rule('dropbox-token', 'sl.', String.raw`\b(sl\.(?:u\.)?[\w-]{130,1000})`, { need: 130, reach: 1_100 }),
  rule('twitter-bearer', 'aaaaaaaaaaaaaaaaaaaa', String.raw`\b(A{20,22}[A-Za-z0-9%]{60,120})`),
  rule('facebook-token', 'eaa', String.raw`\b(EAA[A-Za-z0-9]{60,300})\b`, { need: 60 }),
  rule('paypal-token', 'access_token$', String.raw`\b(access_token\$(?:production|sandbox)\$[0-9a-z]{13,18}\$[0-9a-f]{32})\b`),
  rule('mailchimp-key', '-us', String.raw`\b([0-9a-f]{32}-us\d{1,2})\b`, { before: 64, need: 35 }),
  rule('resend-key', 're_', String.raw`\b(re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,30})\b`, { need: 30 }),
  rule('figma-token', 'figd_', String.raw`\b(figd_[\w-]{40,60})`),
  rule('notion-token', 'secret_', String.raw`\b(secret_[A-Za-z0-9]{43})\b`),
  rule('airtable-token', 'pat', String.raw`\b(pat[A-Za-z0-9]{14}\.[0-9a-f]{64})\b`, { need: 60 }),
  rule('hubspot-token', 'pat-', String.raw`\b(pat-(?:na|eu|ap)\d-${uuid})\b`),
  rule('asana-token', '/', String.raw`\b([12]/\d{16}(?:/\d{16})?:[0-9a-f]{32})\b`, { generic: true, need: 40 }),
  rule('posthog-key', 'phx_', String.raw`\b(phx_[A-Za-z0-9]{40,50})\b`),
  rule('contentful-token', 'cfpat-', String.raw`\b(CFPAT-[\w-]{43})`),
  rule('salesforce-token', '00d', String.raw`\b(00D[A-Za-z0-9]{12,15}![\w.]{80,120})`, { need: 15 }),
  rule('telegram-bot-token', ':aa', String.raw`\b(\d{8,10}:AA[\w-]{33})(?:[^\w-]|$)`, { need: 30 }),
  rule('discord-bot-token', 'discord bot token', String.raw`\b([MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,45})(?:[^\w-]|$)`, { entropy: 4, need: 55 }),
  rule('discord-webhook', 'discord.com/api/webhooks discordapp.com/api/webhooks', String.raw`https://(?:canary\.|ptb\.)?discord(?:app)?\.com/api/webhooks/\d{17,20}/([\w-]{60,72})`),
  rule('slack-token', 'xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xapp-', String.raw`\b((?:xox[bparse]|xapp)-[\w-]{20,200})`),
  rule('doppler-token', 'dp.', String.raw`\b(dp\.(?:pt|st|sa|ct|scim|audit)\.[\w.-]{40,60})`),
  rule('infisical-token', 'st.', String.raw`\b(st\.[0-9a-f]{24}\.[0-9a-f]{32}\.[0-9a-f]{32})\b`, { need: 80 }),
  rule('vault-token', 'hvs. hvr. hvb.', String.raw`\b(hv[srb]\.[\w-]{24,300})`),
] // biome-ignore format: one rule per line

const formats: readonly SecretRule[] = [
  rule('jwt-token', 'eyj', String.raw`\b(eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})`, { reach: 4_096, need: 30 }),
  rule('private-key-block', '-----begin', String.raw`(-----BEGIN[ A-Z0-9]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s\\:,.()-]{32,})(?:-----END[ A-Z0-9]{0,30}PRIVATE KEY(?: BLOCK)?-----)?)`, { reach: 8_192, loose: true, entropy: 0, score: 1 }),
  rule('putty-key', 'private-lines:', String.raw`Private-Lines: \d+\s+([A-Za-z0-9+/=\s]{32,})`, { reach: 4_096 }),
  rule('private-jwk', '"kty"', String.raw`"(?:kty"[\s\S]{0,600}?"d)"\s*:\s*"([\w-]{20,600})"`, { reach: 1_500 }),
  rule('connection-password', '://', String.raw`\b[a-z][a-z0-9+.-]{1,20}://[^\s/?#:@"'<>]{0,100}:([^\s/?#@"'<>]{3,200})@[A-Za-z0-9\[]`, { loose: true, entropy: 0, must: '@' }),
  rule('connection-string', 'password= pwd=', String.raw`(?i)(?:server|data source|host|uid|user id|user)\s{0,3}=[^\n;]{1,120};(?:[^\n;]{1,120};){0,8}?\s{0,3}(?:password|pwd)\s{0,3}=\s{0,3}([^;\s"']{5,100})`, { before: 300, loose: true, entropy: 0 }),
  rule('bearer-header', 'bearer', String.raw`(?i)\bauthorization['"]?\s{0,3}:\s{0,3}['"]?bearer\s{1,3}([A-Za-z0-9._~+/-]{20,600}={0,2})`, { before: 64 }),
  rule('basic-header', 'basic', String.raw`(?i)\bauthorization['"]?\s{0,3}:\s{0,3}['"]?basic\s{1,3}([A-Za-z0-9+/]{12,200}={0,2})`, { before: 64 }),
  rule('api-key-header', 'x-api-key', String.raw`(?i)\bx-api-key['"]?\s{0,3}:\s{0,3}['"]?([\w.-]{16,200})`),
  rule('password', 'password passwd passphrase pwd passwort contraseña secret', String.raw`(?i)(?:pass(?:word|wd|phrase)|pwd|passwort|contraseña|secret)[\w-]{0,12}['"\\]{0,2}\s{0,3}(?:=>?|:|\bis\b|\bist\b|\bes\b)\s{0,3}['"\x60\\]{0,2}([^\s'"\x60\\]{8,64})`, { generic: true, loose: true, strong: true }),
] // biome-ignore format: one rule per line

export const vendorRules: readonly SecretRule[] = [...models, ...clouds, ...services, ...formats]
