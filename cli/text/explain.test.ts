import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aPod } from '../../test/builders.ts';
import { anEvent, aPull, aSnapshot, before } from '../../test/snapshot.ts';
import { explanation } from '../report/explain.ts';
import { explainText } from './explain.ts';
import { plain } from './paint.ts';
import { width } from './width.ts';

process.env['TZ'] = 'UTC';

const image = 'docker.io/library/demo:1';
const layout = { paint: plain, columns: 100 };

test('the whole story of a pod whose image no mirror has', () => {
  const message = `Back-off pulling image "${image}": ErrImagePull: dial tcp 198.51.100.7:443: no route to host`;
  const pod = aPod({
    metadata: { creationTimestamp: before(300) },
    containers: [
      { name: 'app', waiting: 'ImagePullBackOff', message },
      { name: 'side', image: 'docker.io/library/side:1' },
    ],
  });
  const answers = [{ mirror: 'm.example', answer: '404 Not Found: MANIFEST_UNKNOWN' }];
  const pulls = [
    aPull({ created: 290, ended: 280, result: { way: 'none', answers, error: 'no mirror served it' } }),
    aPull({ image: 'docker.io/library/elses:1', created: 100 }),
  ];
  const job = pulls[0]?.job.metadata.name ?? '';
  const told = new Map([
    [
      'uid-web-1',
      [
        anEvent('ImageRescueStarted', `Fetching ${image} for this node through m.example.`, 290),
        { ...anEvent('ImageRescueFailed', `${image} could not be rescued: \u001b[31mx.`, 280), count: 2 },
      ],
    ],
  ]);
  const story = explanation(pod, aSnapshot({ pods: [pod], pulls, told }));
  assert.equal(
    explainText(story, layout),
    `Pod default/web-1
  Pending, on node node1, made 5 min ago

Container app, ImagePullBackOff
  image         docker.io/library/demo:1 (IfNotPresent)
  kubelet says  "Back-off pulling image 'docker.io/library/demo:1': ErrImagePull: dial tcp
                198.51.100.7:443: no route to host"
  cause         there is no network route to its registry; a mirror helps

Container side, running
  image         docker.io/library/side:1 (IfNotPresent)

Pull of docker.io/library/demo:1, failed
  job           ${job}, asked for by default/web-1
  when          ended 11:55:20, 4 min ago
  outcome       rests until 12:05:20 (in 5 min); no mirror served it
  mirror        m.example: "404 Not Found: MANIFEST_UNKNOWN"

What image-rescue told it
  11:55:10  ImageRescueStarted: Fetching docker.io/library/demo:1 for this node through m.example.
  11:55:20  ImageRescueFailed (2 times): docker.io/library/demo:1 could not be rescued: x.

What happens next
  resting: tried again, at the earliest: 12:05:20 (in 5 min)
`,
  );
});

test('a pod that has all its images has nothing before it', () => {
  const pod = aPod({ containers: [{}] });
  assert.match(explainText(explanation(pod, aSnapshot()), layout), /nothing: it has all its images\n$/);
});

test('no line is wider than the terminal, but for names that cannot be broken', () => {
  const pod = aPod({ containers: [{ waiting: 'ErrImagePull', message: `x ${'word '.repeat(60)}${'像'.repeat(70)}` }] });
  const text = explainText(explanation(pod, aSnapshot()), { paint: plain, columns: 50 });
  for (const line of text.split('\n')) assert.ok(width(line) <= 50, line);
});
