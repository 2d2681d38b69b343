/** JSON values as they stand after `JSON.parse`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** A JSON Schema (2020-12) as plain data. Compiled by `main`, shown by the page. */
export type JsonSchema = { readonly [keyword: string]: Json }

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
