// `sluice run`: one Run of a draft or Version in this process, with the same engine, log and events as the gateway.
import { readFileSync, writeFileSync } from 'node:fs'
import {
  type Cassette,
  parseCassette,
  recordEffects,
  replayEffects,
  writeCassette,
} from '#main/engine/cassette.ts'
import type { RunContext } from '#main/engine/effects.ts'
import { defaultLimits, type Effects } from '#main/engine/effects.ts'
import { execute } from '#main/engine/execute.ts'
import { readInput } from '#main/engine/input.ts'
import type { ServedVersion } from '#main/gateway/ports.ts'
import { systemClock } from '#main/publishing/outside.ts'
import { openRuntime } from '#main/publishing/runtime.ts'
import { dataKey } from '#main/secrets/data-key.ts'
import { randomText } from '#main/secrets/keys.ts'
import { secrets } from '#main/secrets/secrets.ts'
import { openStore } from '#main/store/open.ts'
import { AppError } from '#shared/errors.ts'
import type { RunFacts } from '#shared/flow/definition.ts'
import type { Json } from '#shared/json.ts'
import type { RunEvent } from '#shared/run/events.ts'
import { recorder } from '#shared/run/record.ts'
import type { RunRow } from '#shared/run/row.ts'
import type { ExitCode } from './exit.ts'
import { dataKeyFile, storeFile, workspaceFolder } from './folders.ts'
import { json, line, note } from './print.ts'

export interface RunOptions {
  readonly input?: string
  readonly stream?: boolean
  readonly record?: string
  readonly replay?: string
  readonly speed: string
  readonly json?: boolean
  readonly store?: string
  readonly env?: string
}
