import { EitError } from '../errors';
import type { JobReader } from '../mail/job-reader';
import type { LookAnswer, LookQuestion } from '../mail/look-process';

/**
 * Answers the spooler's questions (src/mail/look-process.ts) until it lets this process go: its storage may hang.
 * @param channel this process, started with a channel to its parent
 * @param end is called when the parent has let go, or is gone
 */
export async function answerLooks(
  jobReader: JobReader,
  channel: NodeJS.Process,
  end: () => void,
): Promise<void> {
  const answer = async (questions: LookQuestion): Promise<LookAnswer> => {
    try {
      return { found: await jobReader.readAll(questions) };
    } catch (error) {
      return error instanceof EitError
        ? { code: error.code, message: error.message }
        : { code: 'EIT_MAIL', message: String(error) };
    }
  };
  channel.on('message', (questions: LookQuestion) => {
    void answer(questions).then((told) => channel.send?.(told, () => undefined));
  });
  await new Promise<void>((resolve) => channel.once('disconnect', resolve));
  end();
}
