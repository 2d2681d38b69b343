import { findUrls } from '../text/urls.ts'
import type { Recogniser } from './candidate.ts'

export const url: Recogniser = (text) =>
  findUrls(text).map(({ start, end }) => ({ start, end, kind: 'url', score: 0.9 }))
