// Kinds and regions of guard-pii, for the form and the check; the recognisers are in main/guards/pii.

export const piiKinds = [
  'email',
  'phone',
  'card',
  'iban',
  'ip',
  'national_id',
  'wallet',
  'url',
  'custom',
  'name',
] as const
export const defaultPiiKinds = ['email', 'phone', 'card', 'iban', 'ip', 'national_id', 'wallet'] as const

/** Countries with a numbering plan or a national id that is known. */
export const piiRegions = [
  'US', 'CA', 'GB', 'IE', 'DE', 'AT', 'CH', 'FR', 'NL', 'BE', 'SE', 'FI', 'AU', 'IN', 'IT', 'ZA', 'JP', 'ES', 'PL',
  'PT', 'DK', 'NO', 'CZ', 'BR', 'GR', 'MX',
] as const // biome-ignore format: one list
/** Those whose national ids are known come first in everybody's mind; short plans without a zero are left to choose. */
export const defaultPiiRegions = [
  'US',
  'CA',
  'GB',
  'DE',
  'AT',
  'CH',
  'FR',
  'ES',
  'IT',
  'NL',
  'PL',
  'IN',
  'BR',
] as const

export const piiChecksums = [
  'luhn', 'mod97', 'mod11_10', 'verhoeff', 'dni', 'nir', 'codice_fiscale', 'bsn', 'nhs', 'pesel', 'cpf', 'ssn',
] as const // biome-ignore format: one list
