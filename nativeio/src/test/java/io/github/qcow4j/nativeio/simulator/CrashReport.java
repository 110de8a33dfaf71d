package io.github.qcow4j.nativeio.simulator;

/**
 * How much an exploration went through.
 *
 * @param points moments at which the power went
 * @param exhaustivePoints those of them at which every subset of what was pending was tried
 * @param states states made
 * @param distinctStates states that differ from each other in some name or byte, and from all
 *     others of the same {@link StateCensus}
 * @param checks states checked: the same state is checked again only when more marks were passed
 */
public record CrashReport(
    int points, int exhaustivePoints, long states, long distinctStates, long checks) {

  /** Nothing explored yet. */
  public static final CrashReport NONE = new CrashReport(0, 0, 0, 0, 0);

  /** The sum of two explorations; of distinct states a true one when they share a census. */
  public CrashReport plus(CrashReport other) {
    return new CrashReport(
        points + other.points,
        exhaustivePoints + other.exhaustivePoints,
        states + other.states,
        distinctStates + other.distinctStates,
        checks + other.checks);
  }
}
