import { quote } from '../../shared/words/clean.ts';
import type { Explanation, ImageReport } from '../report/explain.ts';
import type { PullReport } from '../report/pulls.ts';
import { block } from './block.ts';
import type { Layout } from './paint.ts';
import { pullDetail, pullTimes, styles } from './pull.ts';
import { nextText } from './stuck.ts';
import { ago, timeOfDay, when } from './times.ts';

const helps = {
  yes: 'a mirror helps',
  maybe: 'a mirror may help',
  no: 'no mirror helps',
  never: 'a mirror must not help',
} as const;

/** The whole story of a pod for people. */
export function explainText(story: Explanation, layout: Layout): string {
  const { paint } = layout;
  const { at, pulls, events } = story;
  const where = story.node === undefined ? 'on no node yet' : `on node ${story.node}`;
  const age = story.created === undefined ? '' : `, made ${ago(story.created, at)} ago`;
  const sections = [
    [paint('bold', `Pod ${story.namespace}/${story.pod}`), ...block('', `${story.phase}, ${where}${age}`, 2, layout)],
    ...story.images.map((image) => imageLines(image, layout)),
    ...pulls.map((pull) => pullLines(pull, at, layout)),
    events.length === 0
      ? []
      : [
          paint('bold', 'What image-rescue told it'),
          ...events.flatMap(({ at, reason, message, count }) =>
            block(timeOfDay(at), `${reason}${count > 1 ? ` (${count} times)` : ''}: ${message}`, 12, layout),
          ),
        ],
    nextLines(story, layout),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function imageLines({ of, image, original, pullPolicy, state, words, cause }: ImageReport, layout: Layout): string[] {
  const { paint } = layout;
  const waits = state !== undefined && state !== 'running' && state !== 'ended';
  const shown = state === undefined ? '' : `, ${waits ? paint('red', state) : state}`;
  return [
    `${paint('bold', of[0]?.toUpperCase() + of.slice(1))}${shown}`,
    ...labelled('image', `${image}${pullPolicy === undefined ? '' : ` (${pullPolicy})`}`, layout),
    ...(original === undefined ? [] : labelled('in place of', original, layout)),
    ...(words === undefined ? [] : labelled('kubelet says', quote(words), layout)),
    ...(cause === undefined ? [] : labelled('cause', `${cause.advice}; ${helps[cause.helps]}`, layout)),
  ];
}

function pullLines(pull: PullReport, now: string, layout: Layout): string[] {
  const { paint } = layout;
  return [
    `${paint('bold', `Pull of ${pull.image}`)}, ${paint(styles[pull.state], pull.state)}`,
    ...labelled('job', `${pull.job}${pull.askedBy === undefined ? '' : `, asked for by ${pull.askedBy}`}`, layout),
    ...labelled('when', pullTimes(pull, now), layout),
    ...labelled(
      pull.state === 'failed' ? 'outcome' : 'how',
      pullDetail(pull, (time) => when(time, now)),
      layout,
    ),
    ...(pull.digest === undefined ? [] : labelled('digest', pull.digest, layout)),
    ...pull.answers.flatMap(({ mirror, answer }) => labelled('mirror', `${mirror}: ${quote(answer)}`, layout)),
  ];
}

function nextLines({ at, stuck, images, phase }: Explanation, layout: Layout): string[] {
  const title = layout.paint('bold', 'What happens next');
  if (stuck.length > 0) {
    const several = stuck.length > 1;
    return [
      title,
      ...stuck.flatMap((one) =>
        block(
          '',
          `${several ? `${one.image}: ` : ''}${one.state}${one.state === 'refused' ? ` (${one.why})` : ''}: ${nextText(one, at)}`,
          2,
          layout,
        ),
      ),
    ];
  }
  const running = images.every(({ state }) => state === undefined || state === 'running' || state === 'ended');
  const what = running ? 'nothing: it has all its images' : `nothing here: it is ${phase}, and waits for no image`;
  return [title, ...block('', what, 2, layout)];
}

function labelled(label: string, text: string, layout: Layout): string[] {
  return block(label, text, 16, layout);
}
