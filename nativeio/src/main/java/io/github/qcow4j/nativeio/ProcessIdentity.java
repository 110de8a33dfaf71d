package io.github.qcow4j.nativeio;

/**
 * One process of this host, told apart from any other that had or will have its number.
 *
 * @param pid its number, at least 1
 * @param start when it was started: the identity of the host's boot, a colon, and the clock ticks
 *     since then ({@code proc(5)}, {@code /proc/pid/stat}, field 22). Only ever compared
 */
public record ProcessIdentity(long pid, String start) {

  /** Checks the number: those below 1 mean groups or everybody to {@code kill(2)}. */
  public ProcessIdentity {
    if (pid < 1) {
      throw new IllegalArgumentException("no process has the number " + pid);
    }
  }
}
