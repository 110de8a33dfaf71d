package io.github.qcow4j.nativeio.simulator;

import java.util.List;
import java.util.function.Supplier;

/**
 * One state that a power cut may leave.
 *
 * @param id names the state among all of its exploration, for {@link CrashExplorer#only}
 * @param volume the names and bytes that are left; may be written to, and is the test's own
 * @param marks what {@link SimulatedVolume#mark} noted before the power went
 * @param describing tells what was lost and what was kept
 */
public record CrashState(
    String id, SimulatedVolume volume, List<Object> marks, Supplier<String> describing) {

  /** What was lost and what was kept, one change a line. */
  public String description() {
    return describing.get();
  }
}
