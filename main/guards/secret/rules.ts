// The rules in one list, ready to be looked up by keyword.
import gitleaks from './gitleaks.json' with { type: 'json' }
import { vendorRules } from './vendors.ts'

export interface SecretRule {
  readonly id: string
  readonly regex: string
  /** Lower case; one of them must stand near. */
  readonly keywords: readonly string[]
  /** Bits per character the secret must have at the least. */
  readonly entropy?: number
  /** Which group is the secret; left out: the first that matched. */
  readonly group?: number
  /** A value beside a vendor's name: must have letters and digits, a word would be none. */
  readonly assigned?: boolean
  /** Only by its surroundings a secret; off for chat input. */
  readonly generic?: boolean
  /** Must mix kinds of characters like a password. */
  readonly strong?: boolean
  /** The secret may be short or without digits. */
  readonly loose?: boolean
  /** The secret has a part of so many characters without a space. */
  readonly need?: number
  /** Must stand near as well, as it is written. */
  readonly must?: string
  /** Characters looked at before and after the keyword. */
  readonly before?: number
  readonly reach?: number
  readonly score?: number
  readonly allow?: readonly Allowed[]
}

export interface Allowed {
  readonly regexes?: readonly string[]
  readonly stopwords?: readonly string[]
  /** `match`: the whole match instead of the secret. */
  readonly target?: string
}

/** Where the keyword does not stand at the beginning, or the match is longer than most. */
const room: Readonly<Record<string, Pick<SecretRule, 'before' | 'reach' | 'loose' | 'need'>>> = {
  'openai-api-key': { before: 200 },
  'kubernetes-secret-yaml': { before: 500, reach: 700 },
  'curl-auth-header': { reach: 900 },
  'curl-auth-user': { reach: 900, loose: true },
  'private-key': { reach: 8_192, loose: true },
  'jwt-base64': { reach: 4_096 },
  '1password-service-account-token': { reach: 2_048 },
  'pypi-upload-token': { reach: 1_200 },
  'facebook-access-token': { before: 120 },
  'facebook-page-access-token': { reach: 700 },
  'flyio-access-token': { reach: 2_048 },
  'sentry-org-token': { reach: 700 },
  'nuget-config-password': { loose: true },
  'hashicorp-tf-password': { loose: true },
  'microsoft-teams-webhook': { before: 90 },
  'freemius-secret-key': { loose: true },
  'vault-service-token': { need: 26 },
  'twilio-api-key': { need: 34 },
  jwt: { reach: 4_096, need: 40 },
  'authress-service-client-access-key': { need: 60 },
}

export const secretRules: readonly SecretRule[] = [
  ...(gitleaks.rules as readonly SecretRule[]).map((rule) => ({ ...rule, ...room[rule.id] })),
  ...vendorRules,
]

/** Values that are never secrets, for every rule. */
export const ignored = { stopwords: gitleaks.stopwords, regexes: gitleaks.ignore } as const
