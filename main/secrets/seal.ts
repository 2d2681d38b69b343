// Envelope encryption of stored credentials: AES-256-GCM under the data key, bound to the secret's name.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { AppError } from '#shared/errors.ts'

const nonceBytes = 12
const tagBytes = 16

/** `nonce | tag | ciphertext`. The name is authenticated, so a sealed value cannot be moved to another name. */
export function seal(dataKey: Uint8Array, name: string, plain: string): Uint8Array {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', derive(dataKey, 'seal'), nonce)
  cipher.setAAD(Buffer.from(name))
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), body])
}

export function unseal(dataKey: Uint8Array, name: string, sealed: Uint8Array): string {
  try {
    const decipher = createDecipheriv(
      'aes-256-gcm',
      derive(dataKey, 'seal'),
      sealed.subarray(0, nonceBytes),
      { authTagLength: tagBytes },
    )
    decipher.setAAD(Buffer.from(name))
    decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes))
    return Buffer.concat([
      decipher.update(sealed.subarray(nonceBytes + tagBytes)),
      decipher.final(),
    ]).toString('utf8')
  } catch (cause) {
    throw new AppError('internal', {
      message: `The stored secret "${name}" cannot be opened with this data key. Set it again, or start with the data key it was sealed with.`,
      cause,
    })
  }
}

/** A key of its own per purpose, so that hashing keys and sealing secrets never share one. */
export function derive(dataKey: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', dataKey, 'sluice', purpose, 32))
}
