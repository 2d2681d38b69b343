// Check digits of the official schemes. Each takes the bare characters, without separators.

type Checksum = (value: string) => boolean

function digitsOf(value: string): number[] {
  return Array.from(value, Number)
}

function weighted(value: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, i) => sum + weight * Number(value.charAt(i)), 0)
}

/** ISO/IEC 7812: cards. */
export const luhn: Checksum = (value) => {
  if (!/^\d{2,}$/.test(value)) return false
  let sum = 0
  digitsOf(value)
    .reverse()
    .forEach((digit, i) => {
      const doubled = digit * 2
      sum += i % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled
    })
  return sum % 10 === 0
}

/** ISO 7064 mod 97-10 over letters and digits, the first four moved behind: IBAN. */
export const mod97: Checksum = (value) => {
  if (!/^[A-Z0-9]{5,}$/i.test(value)) return false
  let rest = 0
  for (const char of (value.slice(4) + value.slice(0, 4)).toUpperCase())
    for (const digit of String(Number.parseInt(char, 36))) rest = (rest * 10 + Number(digit)) % 97
  return rest === 1
}

/** ISO 7064 mod 11,10: the German tax id. */
export const mod11of10: Checksum = (value) => {
  if (!/^\d{11}$/.test(value)) return false
  let product = 10
  for (let i = 0; i < 10; i += 1) {
    const sum = (Number(value.charAt(i)) + product) % 10 || 10
    product = (sum * 2) % 11
  }
  return (11 - product) % 10 === Number(value.charAt(10))
}

const permutations = [
  '0123456789', '1576283094', '5803796142', '8916043527', '9453126870', '4286573901', '2793806415', '7046913258',
] // biome-ignore format: one table
const products = [
  '0123456789', '1234067895', '2340178956', '3401289567', '4012395678',
  '5987604321', '6598710432', '7659821043', '8765932104', '9876543210',
] // biome-ignore format: one table

/** Verhoeff: the Indian Aadhaar number. */
export const verhoeff: Checksum = (value) => {
  if (!/^\d{2,}$/.test(value)) return false
  let check = 0
  digitsOf(value)
    .reverse()
    .forEach((digit, i) => {
      const permuted = Number(permutations[i % 8]?.charAt(digit))
      check = Number(products[check]?.charAt(permuted))
    })
  return check === 0
}

const dniLetters = 'TRWAGMYFPDXBNJZSQVHLCKE'

/** Spain: number mod 23 gives the letter; X, Y, Z of foreigners count as 0, 1, 2. */
export const dni: Checksum = (value) => {
  const match = /^([XYZ]?)(\d{7,8})([A-Z])$/i.exec(value)
  if (!match) return false
  const [, first = '', digits = '', letter = ''] = match
  if (first === '' ? digits.length !== 8 : digits.length !== 7) return false
  const number = Number((first === '' ? '' : String('XYZ'.indexOf(first.toUpperCase()))) + digits)
  return dniLetters.charAt(number % 23) === letter.toUpperCase()
}

/** France: the key is 97 minus the number mod 97; Corsica's 2A and 2B count as 19 and 18. */
export const nir: Checksum = (value) => {
  const match = /^([1-478]\d{2}(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d{2}|2[AB])\d{6})(\d{2})$/i.exec(value)
  if (!match) return false
  const number = BigInt((match[1] ?? '').toUpperCase().replace('2A', '19').replace('2B', '18'))
  return 97n - (number % 97n) === BigInt(match[2] ?? 0)
}

const odd: Readonly<Record<string, number>> = Object.fromEntries(
  '1,0,5,7,9,13,15,17,19,21,1,0,5,7,9,13,15,17,19,21,2,4,18,20,11,3,6,8,12,14,16,10,22,25,24,23'
    .split(',')
    .map((value, i) => ['0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'.charAt(i), Number(value)]),
)

/** Italy: odd and even places have their own tables; the sum mod 26 is the last letter. */
export const codiceFiscale: Checksum = (value) => {
  const code = value.toUpperCase()
  if (!/^[A-Z]{6}[\dLMNP-V]{2}[A-EHLMPRST][\dLMNP-V]{2}[A-Z][\dLMNP-V]{3}[A-Z]$/.test(code)) return false
  let sum = 0
  for (let i = 0; i < 15; i += 1) {
    const char = code.charAt(i)
    const even = /\d/.test(char) ? Number(char) : char.charCodeAt(0) - 65
    sum += i % 2 === 0 ? (odd[char] ?? 0) : even
  }
  return String.fromCharCode(65 + (sum % 26)) === code.charAt(15)
}

/** The Netherlands: the "eleven test". */
export const bsn: Checksum = (value) =>
  /^\d{9}$/.test(value) && Number(value) > 0 && weighted(value, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0

/** England: mod 11 over ten digits; a check of 10 is not issued. */
export const nhs: Checksum = (value) => {
  if (!/^\d{10}$/.test(value) || /^(\d)\1+$/.test(value)) return false
  const check = 11 - (weighted(value, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)
  return (check === 11 ? 0 : check) === Number(value.charAt(9))
}

/** Poland: weighted sum and a date of birth whose month also names the century. */
export const pesel: Checksum = (value) => {
  if (!/^\d{11}$/.test(value)) return false
  const month = Number(value.slice(2, 4)) % 20
  const day = Number(value.slice(4, 6))
  if (month < 1 || month > 12 || day < 1 || day > 31) return false
  return weighted(value, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0
}

/** Brazil: two check digits mod 11. */
export const cpf: Checksum = (value) => {
  if (!/^\d{11}$/.test(value) || /^(\d)\1+$/.test(value)) return false
  const check = (weights: readonly number[]) => {
    const rest = (weighted(value, weights) * 10) % 11
    return rest === 10 ? 0 : rest
  }
  return (
    check([10, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(value.charAt(9)) &&
    check([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(value.charAt(10))
  )
}

/** The United States give no check digit, but never these areas, groups and serials. */
export const ssn: Checksum = (value) => /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(value)

/** Those a custom recogniser may name. */
export const namedChecksums: Readonly<Record<string, Checksum>> = {
  luhn, mod97, mod11_10: mod11of10, verhoeff, dni, nir, codice_fiscale: codiceFiscale, bsn, nhs, pesel, cpf, ssn,
} // biome-ignore format: one list
