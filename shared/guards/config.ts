// What all guards have in common: config fields, outlets and what they may not be asked to do (nodes.md 4.5).
import { z } from 'zod'
import type { ErrorCode } from '../errors.ts'
import { type Outlet, outlet } from '../flow/ports.ts'

export type Action = 'block' | 'rewrite' | 'note'
export type Stage = 'input' | 'output'

/** The fields without `action`, whose choices and default differ from guard to guard. */
export const guardFields = {
  stage: z.enum(['input', 'output']).optional().meta({
    title: 'Stage',
    field: 'choice',
    description:
      'Which error a block without an edge gives. Left out: output when a model stands before, else input.',
  }),
  fail_mode: z.enum(['closed', 'open']).default('closed').meta({
    title: 'When the guard fails',
    field: 'choice',
    description: 'closed: the step fails with guard_unavailable. open: the value passes, with a warning.',
  }),
  on_stream: z.enum(['whole', 'window']).default('whole').meta({
    title: 'On streams',
    field: 'choice',
    description: 'whole: collect the answer first. window: pass it on, holding back the last characters.',
  }),
  hold_back_chars: z.number().int().min(50).max(8_000).default(400).meta({
    title: 'Hold back',
    field: 'number',
    description: 'Characters kept back on a stream; nothing of a hit shorter than this leaves.',
  }),
  check_every_chars: z.number().int().min(1).max(8_000).default(80).meta({
    title: 'Check every',
    field: 'number',
    description: 'New characters between two checks of a stream.',
  }),
  encoded_run: z.enum(['pass', 'block']).default('pass').meta({
    title: 'Long encoded runs',
    field: 'choice',
    description:
      'On a stream, what to do with base64 or hex that is longer than the hold-back and so was read in parts.',
  }),
  target_when: z.enum(['always', 'remote']).default('always').meta({
    title: 'For targets',
    field: 'choice',
    description: 'remote: only when the value goes to a remote target.',
  }),
  cases: z.string().max(200).optional().meta({
    title: 'Cases',
    field: 'text',
    description: 'Labelled dataset for measuring this guard. Not read during a Run.',
  }),
} as const

export interface GuardConfig {
  readonly action: Action
  readonly stage?: Stage | undefined
  readonly fail_mode: 'closed' | 'open'
  readonly on_stream: 'whole' | 'window'
  readonly hold_back_chars: number
  readonly check_every_chars: number
  readonly encoded_run: 'pass' | 'block'
  readonly target_when: 'always' | 'remote'
}

export const guardExclusive: readonly (readonly string[])[] = [['pass', 'blocked']]

/** A block that nobody hears fails the Run. */
export const guardUnhandled: Readonly<
  Record<string, (config: { readonly stage?: Stage | undefined }, stage: Stage) => ErrorCode>
> = {
  blocked: (config, stage) =>
    (config.stage ?? stage) === 'input' ? 'guard_blocked_input' : 'guard_blocked_output',
}

export function guardOutlets(pass: Outlet): Readonly<Record<string, Outlet>> {
  return {
    pass,
    blocked: outlet('json', { description: 'guard, reason, score and spans of what was stopped.' }),
    verdict: outlet('json', { description: 'What the guard found; there whenever it ran.' }),
  }
}

export interface ConfigIssue {
  readonly field: string
  readonly message: string
}

export function guardIssues(config: GuardConfig): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = []
  if (config.target_when === 'remote')
    issues.push({
      field: 'target_when',
      message:
        'remote is not supported: a guard does not see which target a later node will choose. Use always, which treats every target as remote.',
    })
  if (config.check_every_chars > config.hold_back_chars)
    issues.push({
      field: 'check_every_chars',
      message: `check_every_chars (${config.check_every_chars}) may not exceed hold_back_chars (${config.hold_back_chars}).`,
    })
  return issues
}
