package io.github.qcow4j.nativeio;

/** The signals that qcow4j sends ({@code signal(7)}; the numbers are those of x86_64 and arm). */
public enum ProcessSignal {
  HANG_UP("HUP", 1),
  INTERRUPT("INT", 2),
  QUIT("QUIT", 3),
  KILL("KILL", 9),
  USER_1("USR1", 10),
  TERMINATE("TERM", 15),
  CONTINUE("CONT", 18),
  STOP("STOP", 19);

  private final String signalName;
  private final int number;

  ProcessSignal(String signalName, int number) {
    this.signalName = signalName;
    this.number = number;
  }

  /** Its name without {@code SIG}. */
  public String signalName() {
    return signalName;
  }

  /** Its number. */
  public int number() {
    return number;
  }
}
