import { Writable } from 'node:stream';
import pino from 'pino';
import { makeBroker } from '../../standalone/broker.ts';
import { brokerContract } from './broker-contract.ts';

// The broker of the one process; cluster-broker.test.ts asks the same of Knative's.

brokerContract(async (handlers) => {
  const givenUp: string[] = [];
  const log = new Writable({
    write: (line, _, written) => {
      const { msg, subject }: { msg: string; subject?: string } = JSON.parse(String(line));
      if (msg.startsWith('event given up')) givenUp.push(subject ?? '');
      written();
    },
  });
  const broker = makeBroker(handlers, pino(log));
  return { send: async (event) => broker.send(event), givenUp: () => givenUp };
});
