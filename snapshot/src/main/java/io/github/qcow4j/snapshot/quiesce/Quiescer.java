package io.github.qcow4j.snapshot.quiesce;

import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;

/** One way to make writers hold still. Used once, by one thread. */
public interface Quiescer {

  /** What a capture is worth at most while this one holds. */
  Consistency consistency();

  /**
   * Makes the writers hold still. When this fails, they go on: whatever was begun is undone before
   * it throws, as far as that can be.
   *
   * @param control stops the attempt
   * @throws QuiesceException when they cannot be made to, or not in time
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when the job was cancelled
   */
  Hold freeze(JobControl control) throws IOException;

  /** Writers that hold still. */
  interface Hold {

    /**
     * Asks whether they have held still all the time until now.
     *
     * @throws QuiesceException when they have not, or when that cannot be found out
     */
    void verify() throws IOException;

    /**
     * Lets them go on. Bounded in time, and cut short neither by a cancelled job nor by an
     * interrupt, whose mark is kept. May be called by another thread than the one that froze.
     *
     * @throws QuiesceException when they may still hold still
     */
    void thaw() throws IOException;
  }
}
