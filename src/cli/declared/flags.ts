import { UsageError, type Flag } from '../command/flag.ts'
import { switchFlag, textFlag } from '../management/flags.ts'

export const prune = switchFlag(
  'prune',
  'Also delete what the same --owner has applied before and is not among these any more.',
)
export const dryRun = switchFlag('dry-run', 'Only say what would change.')
export const owner: Flag<string> = {
  name: 'owner',
  placeholder: 'NAME',
  fallback: '',
  help: 'Whose objects these are: a repository, a team. It is kept as the label portcullis.dev/owner, and --prune deletes no others.',
  parse: text => {
    if (text !== '' && !/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(text))
      throw new UsageError(`"${text}" is no name, expected letters, digits, "-", "_" and ".", at most 63`)
    return text
  },
}
export const kind = textFlag('kind', 'KIND', 'Only those of this kind.')
export const everything = switchFlag('all', 'Also those from files, not only those of the store.')

export const force = switchFlag('force', 'Write over a file that is there.')
