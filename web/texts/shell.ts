export const notFoundTexts = {
  title: 'There is no such page',
  text: 'The address may be of another version, or of an object that is gone.',
  back: 'To the overview',
} as const

export const crashedTexts = {
  title: 'The console has met an error of its own',
  text: 'The gateway is not touched by it. Loading the page again may help; if it does not, please report it.',
  again: 'Load again',
} as const

export const reachTexts = {
  lost: (since: string) =>
    `The gateway has not been reachable since ${since}. What you see is from before; trying again…`,
  again: 'The gateway can be reached again.',
  live: 'live',
  waiting: 'connecting',
  lostShort: 'not reachable',
} as const

export const themeTexts = { label: 'Theme', system: 'As the system', light: 'Light', dark: 'Dark' } as const

export const keysTexts = {
  title: 'Keys',
  open: 'Keys',
  rows: [
    ['/', 'to the filter'],
    ['↑ ↓  or  j k', 'to another row of a table'],
    ['Home  End', 'to the first row, to the last'],
    ['Enter', 'open it'],
    ['← →', 'another time in a plot'],
    ['g o', 'Overview'],
    ['g m', 'Map'],
    ['g r', 'Requests'],
    ['g t', 'Routes'],
    ['g b', 'Backends'],
    ['g c', 'Certificates'],
    ['g p', 'Problems'],
    ['g e', 'Explain'],
    ['g a', 'APIs'],
    ['g k', 'Consumers'],
    ['g u', 'Usage'],
    ['g d', 'Audit'],
    ['g s', 'Access'],
    ['?', 'this list'],
  ],
} as const

export const viewsTexts = {
  overview: 'Overview',
  map: 'Map',
  requests: 'Requests',
  routes: 'Routes',
  backends: 'Backends',
  certificates: 'Certificates',
  problems: 'Problems',
  explain: 'Explain',
  apis: 'APIs',
  consumers: 'Consumers',
  usage: 'Usage',
  audit: 'Audit',
  access: 'Access',
} as const

/** To who has no role that holds everywhere. */
export const shownTexts = {
  title: 'What is served',
  closed: 'Your roles do not show this',
  closedWhy:
    'What is served is of everybody: it takes a role that holds everywhere. An administrator can give one.',
} as const
