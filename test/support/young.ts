import { setFlagsFromString } from 'node:v8'

// To be imported before a program (`NODE_OPTIONS=--import`), in each of its threads: V8 says on standard output what each
// of its collections has found.
setFlagsFromString('--trace-gc')
setFlagsFromString('--trace-gc-nvp')
