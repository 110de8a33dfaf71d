package io.github.qcow4j.cli.option;

/** The user's arguments make no sense; the message says which, in qemu-img's words. */
public final class UsageException extends Exception {

  private static final long serialVersionUID = 1L;

  private final boolean pointingToHelp;

  private UsageException(String message, boolean pointingToHelp) {
    super(message);
    this.pointingToHelp = pointingToHelp;
  }

  /** A value is wrong: said in one line. */
  public static UsageException wrongValue(String message) {
    return new UsageException(message, false);
  }

  /** The form is wrong: the line is followed by one that points to the help. */
  public static UsageException wrongForm(String message) {
    return new UsageException(message, true);
  }

  /** Whether a line that points to the help should follow. */
  public boolean pointingToHelp() {
    return pointingToHelp;
  }
}
