// Common swear words per language, with their usual inflections. Turned by 13 places, so that nobody reads them by
// accident; words that also have an everyday meaning are left out.

const lists: Readonly<Record<string, string>> = {
  en: 'shpx shpxf shpxrq shpxre shpxref shpxvat zbgureshpxre zbgureshpxref zbgureshpxvat fuvg fuvgf fuvggl ohyyfuvg nffubyr nffubyrf nefrubyr nefrubyrf onfgneq onfgneqf ovgpu ovgpurf phag phagf qvpxurnq qvpxurnqf qbhpuront gjng gjngf jnaxre jnaxref',
  de: 'fpurvffr fpurvßr fpurvff fpurvß nefpuybpu nefpuyöpure svpxra svpxg trsvpxg svpxre jvpufre uherafbua uheraföuar sbgmr sbgmra zvfgfgüpx qerpxfnh',
  fr: 'zreqr zreqrf chgnva chgnvaf pbaaneq pbaaneqf pbaanffr fnybcr fnybcrf fnybcneq raphyé raphyéf avdhr avdhre obeqry',
  es: 'zvreqn zvreqnf chgn chgnf chgb chgbf wbqre wbqvqb wbqvqn pnoeóa pnoebarf tvyvcbyynf uvwbchgn pbñb pnenwb',
  it: 'pnmmb pnmmv zreqn fgebamb fgebamn fgebamv inssnaphyb chggnan chggnar pbtyvbar pbtyvbav',
  pt: 'zreqn zreqnf pnenyub sbqn sbqvqb sbqre chgn chgnf cbeen pnoeãb svyubqnchgn ohprgn',
  nl: 'xhg xhgmbbv xybbgmnx xybbgmnxxra ubre ubrera arhxra tbqireqbzzr xhgjvws',
  pl: 'xhejn xhejl cvreqbyvć cvreqby cvreqbybal wronć wronal puhw puhwbjl fxhejlfla fhxvafla',
}

export function profanityWords(language: string): readonly string[] {
  const list = lists[language] ?? ''
  return list
    .replace(/[a-z]/g, (char) => String.fromCharCode(((char.charCodeAt(0) - 84) % 26) + 97))
    .split(' ')
}
