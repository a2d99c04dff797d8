// A thread: how long JSON of four million numbers is, from the bytes of their message.
import { parentPort } from 'node:worker_threads'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { MessageInput } from '../../src/composition/transcode/json/message-input.ts'
import { MessageTexts } from '../../src/composition/transcode/json/message-texts.ts'
import { exampleOf } from './library.ts'

const type = exampleOf('message Long { repeated int32 list = 1; }').getMessage('example.Long')!
const bytes = new BinaryWriter()
  .tag(1, WireType.LengthDelimited)
  .bytes(new Uint8Array(4_000_000).fill(7))
  .finish()
parentPort!.postMessage(new MessageTexts({}).text(type, new MessageInput(bytes)).length)
