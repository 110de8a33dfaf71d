package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Parent;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What lies on what, as it will be once removals that are only rehearsed are done: what lay on a
 * merged layer lies on what was below it. For one thread; it knows nothing of what others change.
 */
final class Outlook {

  private final Map<String, ImageRow> images = new LinkedHashMap<>();
  private final Map<String, String> below = new HashMap<>();
  private final Map<String, Set<String>> above = new HashMap<>();
  private final Set<String> inSnapshots = new HashSet<>();

  private Outlook() {}

  /** As it is now. */
  static Outlook of(Home home) throws IOException {
    return home.read(rows -> {
      Outlook outlook = new Outlook();
      Images all = new Images(rows);
      for (ImageRow image : all.all()) {
        outlook.images.put(image.id(), image);
        if (image.parent() instanceof Parent.Inside inside) {
          outlook.lay(image.id(), inside.imageId());
        }
        if (image.kind().frozen() && all.inSnapshot(image.id())) {
          outlook.inSnapshots.add(image.id());
        }
      }
      return outlook;
    });
  }

  private void lay(String id, String belowId) {
    below.put(id, belowId);
    above.computeIfAbsent(belowId, _ -> new LinkedHashSet<>()).add(id);
  }

  private Set<String> above(String id) {
    return above.getOrDefault(id, Set.of());
  }

  /** What lies right on a layer. */
  List<ImageRow> children(ImageRow layer) {
    return above(layer.id()).stream().map(images::get).toList();
  }

  /** What a layer lies on, or null for none that the home has. */
  @Nullable ImageRow below(ImageRow layer) {
    return images.get(below.get(layer.id()));
  }

  /** Whether it is there, nothing lies on it, and it is no snapshot's. */
  boolean isUnneeded(ImageRow layer) {
    return images.containsKey(layer.id())
        && above(layer.id()).isEmpty()
        && !inSnapshots.contains(layer.id());
  }

  /** What goes with layers that go: they, and those below that were there for nothing else. */
  List<ImageRow> going(List<ImageRow> layers) {
    Map<String, ImageRow> gone = new LinkedHashMap<>();
    layers.forEach(layer -> gone.put(layer.id(), layer));
    Deque<String> candidates = new ArrayDeque<>(gone.keySet());
    while (!candidates.isEmpty()) {
      String id = candidates.remove();
      ImageRow next = images.get(below.get(id));
      // What lies on one that goes will lie on the next.
      if (next != null
          && gone.keySet().containsAll(above(id))
          && gone.keySet().containsAll(above(next.id()))
          && next.kind().frozen()
          && !inSnapshots.contains(next.id())
          && gone.putIfAbsent(next.id(), next) == null) {
        candidates.add(next.id());
      }
    }
    return List.copyOf(gone.values());
  }

  /** Their snapshot goes, whether they do or not. */
  void forgetSnapshotOf(List<ImageRow> layers) {
    layers.forEach(layer -> inSnapshots.remove(layer.id()));
  }

  /** These go, from the top; what lies on them moves down. */
  void remove(List<ImageRow> gone) {
    for (ImageRow image : gone) {
      String next = below.remove(image.id());
      Set<String> moved = above.remove(image.id());
      if (next != null) {
        above(next).remove(image.id());
      }
      for (String child : moved == null ? Set.<String>of() : moved) {
        if (next == null) {
          below.remove(child);
        } else {
          lay(child, next);
        }
      }
      inSnapshots.remove(image.id());
      images.remove(image.id());
    }
  }
}
