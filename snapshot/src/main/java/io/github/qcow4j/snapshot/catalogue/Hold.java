package io.github.qcow4j.snapshot.catalogue;

import java.util.Locale;

/**
 * Somebody that an operation makes to hold still. Noted before it does: whoever goes on after a
 * dead process lets them go.
 *
 * @param kind who
 * @param target the agent's socket, the hook's file, or the process: its number, a space, and when
 *     it was started, as {@link io.github.qcow4j.nativeio.ProcessIdentity} has it
 */
public record Hold(Kind kind, String target) {

  /** Who is made to hold still. */
  public enum Kind {
    /** The guest's file systems, through its agent. */
    AGENT,
    /** Whatever the user's program holds. */
    HOOK,
    /** A process and all it has started. */
    PROCESS;

    /** The name in catalogues and notices. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }

    static Kind ofLabel(String label) {
      return valueOf(label.toUpperCase(Locale.ROOT));
    }
  }
}
