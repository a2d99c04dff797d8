// For `node --import`: a process of its own in which `portcullis/composition` is this program's.
import { resolveOwnCopy } from './own-copy.ts'

resolveOwnCopy()
