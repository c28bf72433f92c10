/** The forms that parseSlurmTime takes, for help texts and errors. */
export const TIME_FORMS =
  'HH:MM[:SS][AM|PM], MMDD[YY][-HH:MM[:SS]], MM/DD[/YY][-HH:MM[:SS]], MM.DD[.YY][-HH:MM[:SS]], ' +
  'YYYY-MM-DD[THH:MM[:SS]], today, tomorrow, midnight, noon, elevenses (11 AM), fika (3 PM), teatime (4 PM), ' +
  'now[{+|-}count[seconds|minutes|hours|days|weeks]], uts<Unix seconds>';
