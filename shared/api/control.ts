// The control contract: what the studio and the command line may ask of a workspace. One entry per operation; the server,
// the client and the in-process form of the command line are typed from it.
import { z } from 'zod'
import { time } from '../project/words.ts'

const problem = z.looseObject({
  code: z.string(),
  severity: z.enum(['error', 'warning', 'info']),
  message: z.string(),
  file: z.string(),
  line: z.number(),
  column: z.number(),
})
export type ControlProblem = z.output<typeof problem>

const slug = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be a slug such as support-answer')
const label = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a label such as production')
  .refine((name) => name !== 'draft', 'cannot be "draft": that label always means the last saved draft')
const text = (max: number) => z.string().max(max, `may have ${max} characters at the most`)
const secret = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be a secret name such as openai_key')

/** Scopes of a Key (endpoint-api 1). */
export const scopes = [
  'run',
  'batch',
  'trace',
  'cost',
  'draft',
  'pick_variant',
  'models',
  'proxy',
  'mcp',
] as const

const keyShown = z.object({
  id: z.string(),
  /** `slk_<public>_…`; the secret part is never shown again. */
  shown: z.string(),
  consumer: z.string(),
  scopes: z.array(z.string()),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  /** `file` Keys are listed in `sluice.yaml` and take their secret by reference. */
  source: z.enum(['store', 'file']),
})

function operation<I extends z.ZodType, O extends z.ZodType>(input: I, output: O) {
  return { input, output }
}

export const controlContract = {
  status: operation(
    z.strictObject({}),
    z.object({
      pid: z.number(),
      version: z.string(),
      gateway: z.string().nullable(),
      studio: z.string().nullable(),
      generation: z.number(),
      endpoints: z.array(
        z.object({ slug: z.string(), state: z.string(), labels: z.record(z.string(), z.string()) }),
      ),
      log: z.object({
        waiting: z.number(),
        droppedBodies: z.number(),
        droppedRows: z.number(),
        failure: z.string().nullable(),
      }),
      problems: z.array(problem),
    }),
  ),
  /** Freezes the draft of a flow (or finds the equal Version) and moves a label to it. */
  publish: operation(
    z.strictObject({
      flow: slug,
      label: label.default('production'),
      note: text(2_000).optional(),
      author: text(200).optional(),
      /** Which endpoint, where several serve the flow. Default: the one that does, or a new one of the flow's name. */
      endpoint: slug.optional(),
    }),
    z.object({
      flow: z.string(),
      version: z.number(),
      hash: z.string(),
      endpoint: z.string(),
      label: z.string(),
      /** Equal content was published before: no new Version was made. */
      reused: z.boolean(),
      problems: z.array(problem),
    }),
  ),
  'key.create': operation(
    z.strictObject({
      consumer: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be a name such as web-shop'),
      scopes: z.array(z.enum(scopes, `take ${scopes.join(', ')}`)).default(['run', 'mcp']),
      expires: time.optional(),
    }),
    /** False: `sluice.yaml` lists consumers, and this one is not among them: it has every endpoint and no limits. */
    keyShown.extend({ key: z.string(), consumer_listed: z.boolean() }),
  ),
  'key.list': operation(z.strictObject({}), z.array(keyShown)),
  'key.revoke': operation(
    z.strictObject({ id: z.string() }),
    z.object({ id: z.string(), state: z.enum(['revoked', 'already']) }),
  ),
  'secret.set': operation(
    z.strictObject({ name: secret, value: text(16_384).min(1, 'must not be empty') }),
    z.object({ name: z.string() }),
  ),
  'secret.list': operation(
    z.strictObject({}),
    z.array(
      z.object({
        name: z.string(),
        source: z.enum(['environment', 'store', 'missing']),
        updated_at: z.string().nullable(),
      }),
    ),
  ),
  'secret.remove': operation(z.strictObject({ name: secret }), z.object({ removed: z.boolean() })),
  'connection.list': operation(
    z.strictObject({}),
    z.array(z.object({ name: z.string(), provider: z.string(), local: z.boolean(), simulated: z.boolean() })),
  ),
  /** A smallest real call to the provider. */
  'connection.test': operation(
    z.strictObject({ name: z.string(), model: z.string().optional() }),
    z.object({
      ok: z.boolean(),
      ms: z.number(),
      model: z.string().nullable(),
      error: z.object({ code: z.string(), message: z.string() }).nullable(),
    }),
  ),
  'connection.models': operation(z.strictObject({ name: z.string() }), z.array(z.string())),
} as const

export type Operation = keyof typeof controlContract
export type OperationInput<Op extends Operation> = z.input<(typeof controlContract)[Op]['input']>
export type OperationOutput<Op extends Operation> = z.output<(typeof controlContract)[Op]['output']>
/** The workspace as its clients see it, in this process or over HTTP. */
export type Control = {
  readonly [Op in Operation]: (input: OperationInput<Op>) => Promise<OperationOutput<Op>>
}
/** What implements it: input already parsed, defaults filled in. */
export type ControlHandlers = {
  readonly [Op in Operation]: (
    input: z.output<(typeof controlContract)[Op]['input']>,
  ) => OperationOutput<Op> | Promise<OperationOutput<Op>>
}
