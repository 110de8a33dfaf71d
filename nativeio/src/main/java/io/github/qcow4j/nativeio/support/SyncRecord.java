package io.github.qcow4j.nativeio.support;

import io.github.qcow4j.nativeio.SystemCallException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Remembers that a sync of one open file has failed.
 *
 * <p>The kernel tells of data that could not be stored once, and may have dropped it by then
 * (fsync(2), ERRORS: a later call can succeed although the data is lost). So the first failure is
 * final: every later sync of the open file fails for the same reason. Safe for use by any number of
 * threads, which sync in turn: else one of them could be told that all is well.
 */
public final class SyncRecord {

  private @Nullable IOException failure;

  /** A call that makes something durable. */
  @FunctionalInterface
  public interface Sync {
    void run() throws IOException;
  }

  /**
   * Syncs, unless that has failed before.
   *
   * @throws IOException what the first sync that failed has thrown, or the same anew
   */
  public synchronized void run(Sync sync) throws IOException {
    if (failure != null) {
      throw again(failure);
    }
    try {
      sync.run();
    } catch (ClosedChannelException e) {
      throw e;
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  private static IOException again(IOException earlier) {
    IOException now =
        earlier instanceof SystemCallException call
            ? new SystemCallException(call.call(), call.errno(), call.getFile(), reason(call))
            : new IOException(earlier.getMessage());
    now.initCause(earlier);
    return now;
  }

  private static String reason(SystemCallException call) {
    String reason = call.getReason();
    return reason == null ? "" : reason;
  }
}
