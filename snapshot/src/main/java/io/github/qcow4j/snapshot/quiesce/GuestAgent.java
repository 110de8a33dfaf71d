package io.github.qcow4j.snapshot.quiesce;

import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Freezes the guest's file systems through the QEMU guest agent, which runs in the guest and is
 * reached through a Unix socket of the hypervisor: {@code guest-fsfreeze-status}, {@code
 * guest-fsfreeze-freeze}, {@code guest-fsfreeze-thaw} (QEMU guest agent protocol reference).
 *
 * <p>File systems that somebody else has frozen are left frozen, and are a failure here: they would
 * be thawed when that one likes.
 */
public final class GuestAgent implements Quiescer {

  /** The agent answers at once, but for the freeze: the guest writes back all it holds. */
  private static final long ANSWER_MILLIS = 5_000;

  /** The guest may hold gigabytes that its disk has to take: who knows better says so. */
  private static final long FREEZE_MILLIS = 30_000;

  /** Twice an answer: the guest wakes all that waited for its file systems. */
  private static final long THAW_MILLIS = 10_000;

  private final Path socket;
  private final Timeouts timeouts;

  /**
   * How long to wait for what.
   *
   * @param answerMillis for an answer to a simple question
   * @param freezeMillis for the guest to write back what it holds and freeze
   * @param thawMillis for the thaw, all attempts together
   */
  record Timeouts(long answerMillis, long freezeMillis, long thawMillis) {}

  /**
   * @param socket the socket that the hypervisor listens on; one client at a time is heard there
   */
  public GuestAgent(Path socket) {
    this(socket, new Timeouts(ANSWER_MILLIS, FREEZE_MILLIS, THAW_MILLIS));
  }

  GuestAgent(Path socket, Timeouts timeouts) {
    this.socket = socket;
    this.timeouts = timeouts;
  }

  @Override
  public Consistency consistency() {
    return Consistency.FILE_SYSTEM;
  }

  @Override
  public Hold freeze(JobControl control) throws IOException {
    Frozen frozen = new Frozen(connect());
    boolean asked = false;
    try {
      frozen.connection().synchronise(Deadline.of(timeouts.answerMillis(), control));
      frozen.requireStatus(
          "thawed",
          "the guest's file systems are frozen by somebody else",
          Deadline.of(timeouts.answerMillis(), control));
      asked = true;
      String count =
          frozen.call("guest-fsfreeze-freeze", Deadline.of(timeouts.freezeMillis(), control));
      if (count == null || !count.matches("[1-9][0-9]*")) {
        throw new QuiesceException("the guest's agent found no file system to freeze");
      }
      return frozen;
    } catch (Throwable e) {
      if (e instanceof IOException io
          && !(e instanceof QuiesceException)
          && !control.isCancelled()) {
        QuiesceException failure = failed(io);
        frozen.giveUp(asked, failure);
        throw failure;
      }
      frozen.giveUp(asked, e);
      throw e;
    }
  }

  /**
   * Thaws what another process has frozen that is gone, or nothing when nothing is frozen.
   *
   * @throws QuiesceException when it may still be frozen
   */
  public void thaw() throws IOException {
    new Frozen(null).thaw();
  }

  /** Whether there is somebody to ask. */
  public boolean isListening() {
    try {
      connect().close();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private AgentConnection connect() throws QuiesceException {
    try {
      return AgentConnection.open(socket);
    } catch (IOException | IllegalArgumentException e) {
      throw failed(e);
    }
  }

  private QuiesceException failed(Exception cause) {
    return new QuiesceException(
        "the guest's agent cannot be reached at " + socket + ": " + cause.getMessage(), cause);
  }

  /** Frozen file systems, or what may become some. */
  private final class Frozen implements Hold {

    private @Nullable AgentConnection connection;

    Frozen(@Nullable AgentConnection connection) {
      this.connection = connection;
    }

    AgentConnection connection() throws QuiesceException {
      AgentConnection open = connection;
      if (open == null) {
        open = connect();
        connection = open;
      }
      return open;
    }

    private @Nullable String call(String command, Deadline deadline) throws IOException {
      return value(command, connection().call(command, deadline));
    }

    private void requireStatus(String wanted, String otherwise, Deadline deadline)
        throws IOException {
      String status = call("guest-fsfreeze-status", deadline);
      if (!wanted.equals(status)) {
        throw new QuiesceException(otherwise);
      }
    }

    @Override
    public void verify() throws IOException {
      try {
        requireStatus(
            "frozen",
            "the guest's file systems were thawed by somebody meanwhile",
            Deadline.unstoppable(timeouts.answerMillis()));
      } catch (QuiesceException e) {
        throw e;
      } catch (IOException e) {
        throw failed(e);
      }
    }

    @Override
    public void thaw() throws IOException {
      // An interrupt would close the channel.
      boolean interrupted = Thread.interrupted();
      try {
        thawUninterrupted();
      } finally {
        close();
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }

    private void thawUninterrupted() throws QuiesceException {
      Deadline deadline = Deadline.unstoppable(timeouts.thawMillis());
      IOException reason = null;
      for (int attempt = 0; ; attempt++) {
        try {
          AgentAnswer answer = connection().synchroniseAndCall("guest-fsfreeze-thaw", deadline);
          String _ = value("guest-fsfreeze-thaw", answer);
          return;
        } catch (IOException e) {
          close();
          // That the time is over explains less than what went wrong before.
          reason = reason != null && isLate(e) ? reason : e;
        }
        if (deadline.isOver()) {
          throw new QuiesceException(
              "the guest behind " + socket + " may still be frozen: " + reason.getMessage(),
              reason,
              true);
        }
        deadline.rest(attempt);
      }
    }

    private static boolean isLate(IOException failure) {
      return failure instanceof QuiesceException quiesce && quiesce.isLate();
    }

    /** Leaves nothing frozen that was asked for here; what that meets is noted on the failure. */
    private void giveUp(boolean asked, Throwable failure) {
      if (!asked) {
        close();
        return;
      }
      try {
        thaw();
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
    }

    private void close() {
      AgentConnection open = connection;
      connection = null;
      if (open != null) {
        try {
          open.close();
        } catch (IOException e) {
          // Nothing depends on it: what was sent has arrived or not.
        }
      }
    }

    private static @Nullable String value(String command, AgentAnswer answer)
        throws QuiesceException {
      if (answer.error() != null) {
        throw new QuiesceException("the guest's agent refuses " + command + ": " + answer.error());
      }
      return answer.value();
    }
  }
}
