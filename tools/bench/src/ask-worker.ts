// A process of its own that asks the embedded talker one question about a picture and ends with its first word.
import { Bridge } from '@vitamin-vlm/llava-bridge';

const [picture = '', question = '', threads = '1'] = process.argv.slice(2);
const bridge = await Bridge.load({ tower: 'nano', llm: 'nano/talker', threads: Number(threads) });
for await (const word of bridge.ask(picture, question)) {
  process.send!(word);
  break;
}
await bridge.close();
process.disconnect();
