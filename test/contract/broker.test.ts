import { makeBroker } from '../../standalone/broker.ts';
import { brokerContract } from './broker-contract.ts';

// The broker of the one process; cluster-broker.test.ts asks the same of Knative's.

brokerContract(async (handlers) => {
  const givenUp: string[] = [];
  const tell = () => undefined;
  const error = (what: { subject?: string } | string, words = '') => {
    if (typeof what === 'object' && words.startsWith('event given up')) givenUp.push(what.subject ?? '');
  };
  const broker = makeBroker(handlers, { debug: tell, info: tell, warn: tell, error });
  return { send: async (event) => broker.send(event), givenUp: () => givenUp };
});
