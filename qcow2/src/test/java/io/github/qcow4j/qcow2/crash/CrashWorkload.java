package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import java.util.Random;

/** Work on a disk that loses power at every moment of it. */
@FunctionalInterface
public interface CrashWorkload {

  /**
   * Prepares an empty volume, settles it, and does the work; nothing is open on return. {@link
   * DiskModel} notes on the way what may be left.
   *
   * @param volume the disk
   * @param random where all choices come from, so that the seed replays them
   * @return what to require of every state that a power cut may leave
   */
  CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception;
}
