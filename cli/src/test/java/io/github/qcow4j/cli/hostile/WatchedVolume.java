package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.TappedVolume;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/** The host's files; of the calls for them only those are kept that open or change something. */
final class WatchedVolume {

  private static final Set<String> CHANGES =
      Set.of(
          "write",
          "truncate",
          "punchHole",
          "writeZeroes",
          "preallocate",
          "cloneFrom",
          "cloneRange",
          "copyRange",
          "rename",
          "link",
          "unlink",
          "linkUnnamed");

  private final List<TappedVolume.Call> kept = Collections.synchronizedList(new ArrayList<>());
  private final TappedVolume tapped = new TappedVolume(Volumes.host(), this::before);

  Volume volume() {
    return tapped.volume();
  }

  List<TappedVolume.Call> calls() {
    return List.copyOf(kept);
  }

  static boolean isChange(TappedVolume.Call call) {
    return CHANGES.contains(call.name());
  }

  /** An image of a few kilobytes can be good for ten million other calls. */
  private void before(TappedVolume.Call call) {
    if (call.is("open") || isChange(call)) {
      kept.add(call);
    }
    tapped.forget();
  }
}
