package io.github.qcow4j.snapshot.error;

import java.io.IOException;

/**
 * A request about boxes that cannot be fulfilled as things are. Nothing was changed, or what was is
 * undone when the home is next opened, unless the operation or the kind says otherwise.
 *
 * <p>The family is closed, so that a caller can tell each kind from the others without reading
 * texts. What the storage or an image has to say passes through in its own exception.
 */
public abstract sealed class BoxException extends IOException
    permits BoxNotFoundException,
        NameTakenException,
        InvalidRequestException,
        WrongStateException,
        InUseException,
        DependedOnException,
        DisagreementException,
        NewerHomeException,
        RefusedException,
        CatalogueException,
        UnsettledException,
        DoneUnseenException {

  private static final long serialVersionUID = 1L;

  /** What kind of failure it is; the order is that of the command line's exit codes. */
  public enum Kind {
    /** The storage failed. */
    FAILED("failed", 1),
    /** The request makes no sense by itself. */
    USAGE("usage", 2),
    /** There is no such box, snapshot or disk. */
    NOT_FOUND("not_found", 3),
    /** The name is taken. */
    EXISTS("exists", 4),
    /** Wrong state, in use, or depended on. */
    CONFLICT("conflict", 5),
    /** What is on disk contradicts itself. */
    CORRUPT("corrupt", 6),
    /** It needs something that this program does not have. */
    UNSUPPORTED("unsupported", 7),
    /** A policy says no. */
    REFUSED("refused", 8);

    private final String code;
    private final int exitCode;

    Kind(String code, int exitCode) {
      this.code = code;
      this.exitCode = exitCode;
    }

    /** The kind's name for programs. */
    public String code() {
      return code;
    }

    /** What a command ends with. */
    public int exitCode() {
      return exitCode;
    }
  }

  private final Kind kind;

  BoxException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** What kind of failure it is. */
  public Kind kind() {
    return kind;
  }
}
