package io.github.qcow4j.nativeio.simulator;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.simulator.Event.Binding;
import io.github.qcow4j.nativeio.simulator.Event.Data;
import io.github.qcow4j.nativeio.simulator.Event.Names;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Goes through a history and knows at each moment what is durable and what is pending. The durable
 * state changes only in {@link #pass}; crash states lie over it and are valid until then.
 */
final class Replay {

  /** Of a failed sync's writes a later one may lie in the same page, but not in the same sector. */
  private static final int SMALLEST_SECTOR_BYTES = 512;

  private final Inode start;
  private final RenameSteps renameSteps;

  /** Durable bytes by inode number; what is missing is empty. */
  private final Map<Long, Content> contents = new HashMap<>();

  /** Durable names by the directory's inode number. */
  private final Map<Long, Map<String, Inode>> directories = new HashMap<>();

  private final List<Event> pending = new ArrayList<>();

  /** Events of a failed sync: no later sync makes them durable. */
  private final Set<Event> given = Collections.newSetFromMap(new IdentityHashMap<>());

  private final List<Object> marks = new ArrayList<>();

  Replay(History history, RenameSteps renameSteps) {
    this.start = history.start;
    this.renameSteps = renameSteps;
    load(start);
  }

  private void load(Inode inode) {
    if (inode.kind == FileKind.DIRECTORY) {
      directories.put(inode.number, new TreeMap<>(inode.entries));
      inode.entries.values().forEach(this::load);
    } else {
      contents.putIfAbsent(inode.number, inode.content.copy());
    }
  }

  /** What may be lost now. */
  List<Event> pending() {
    // Known from here on, so that threads need not find it out at the same time.
    contents.values().forEach(Content::contentHash);
    return List.copyOf(pending);
  }

  List<Object> marks() {
    return List.copyOf(marks);
  }

  /** Whether an event changes what is durable, so that the moment before it is worth a crash. */
  static boolean isBarrier(Event event) {
    return event instanceof Event.FileSynced
        || event instanceof Event.FileSyncFailed
        || event instanceof Event.DirectorySynced;
  }

  /** Goes past an event. */
  void pass(Event event) {
    switch (event) {
      case Data data -> pending.add(data);
      case Names names -> pending.addAll(names.inSteps(renameSteps));
      case Event.Mark mark -> marks.add(mark.mark());
      case Event.FileSyncFailed failed ->
          pending.stream()
              .filter(each -> each instanceof Data data && data.inode() == failed.inode())
              .forEach(given::add);
      case Event.FileSynced synced ->
          pending.removeIf(each -> {
            boolean reached =
                each instanceof Data data
                    && data.inode() == synced.inode()
                    && !given.contains(each);
            if (reached) {
              ((Data) each).change().applySectors(durable(synced.inode()), SMALLEST_SECTOR_BYTES);
            }
            return reached;
          });
      case Event.DirectorySynced synced -> syncNames(synced.inode());
    }
  }

  private void syncNames(long directory) {
    Set<Names> reached = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Event each : pending) {
      if (each instanceof Names names && names.touches(directory)) {
        reached.add(names);
        if (names.after() != null) {
          reached.add(names.after());
        }
      }
    }
    pending.removeIf(each -> {
      boolean now = each instanceof Names names && reached.contains(names);
      if (now) {
        ((Names) each).bindings().forEach(binding -> bind(directories, binding));
      }
      return now;
    });
  }

  private Content durable(long inode) {
    return contents.computeIfAbsent(inode, number -> new Content());
  }

  private static void bind(Map<Long, Map<String, Inode>> names, Binding binding) {
    Map<String, Inode> directory =
        names.computeIfAbsent(binding.directory(), number -> new TreeMap<>());
    Inode inode = binding.inode();
    if (inode == null) {
      directory.remove(binding.name());
    } else {
      directory.put(binding.name(), inode);
    }
  }

  /** The tree that is left when of the pending events only the chosen ones reached the disk. */
  Tree treeAfter(List<Event> events, Choice choice, int sectorBytes) {
    Map<Long, Content> changed = new HashMap<>();
    Map<Long, Map<String, Inode>> names = new HashMap<>(directories);
    Set<Long> ownNames = new HashSet<>();
    for (int at = 0; at < events.size(); at++) {
      var sectors = choice.torn.get(at);
      if (sectors == null && !choice.kept.get(at)) {
        continue;
      }
      switch (events.get(at)) {
        case Data data -> {
          Content content = changed.computeIfAbsent(data.inode(), this::overlay);
          if (sectors == null) {
            data.change().applySectors(content, sectorBytes);
          } else {
            data.change().applyTorn(content, sectorBytes, sectors);
          }
        }
        case Names changes -> {
          for (Binding binding : changes.bindings()) {
            if (ownNames.add(binding.directory())) {
              names.compute(
                  binding.directory(),
                  (number, old) -> old == null ? new TreeMap<>() : new TreeMap<>(old));
            }
            bind(names, binding);
          }
        }
        default -> throw new IllegalStateException("never pending: " + events.get(at));
      }
    }
    changed.values().forEach(Content::trim);
    return new Tree(this, changed, names);
  }

  private Content overlay(long inode) {
    Content durable = contents.get(inode);
    return durable == null ? new Content() : new Content(durable);
  }

  /** Makes a volume's tree of names and contents that are left. */
  static final class Tree {
    private final Replay replay;
    private final Map<Long, Content> changed;
    private final Map<Long, Map<String, Inode>> names;
    private final Map<Long, Inode> made = new HashMap<>();

    final Inode root;
    long pages;

    /** The same for the same names and bytes. */
    long hash;

    Tree(Replay replay, Map<Long, Content> changed, Map<Long, Map<String, Inode>> names) {
      this.replay = replay;
      this.changed = changed;
      this.names = names;
      this.root = make(replay.start, 0);
      root.names = 1;
    }

    private Inode make(Inode original, long pathHash) {
      Inode known = made.get(original.number);
      if (known == null) {
        Content content = changed.get(original.number);
        known = original.twin(content == null ? replay.overlay(original.number) : content);
        made.put(original.number, known);
        pages += known.content.allocatedPages();
        if (original.kind == FileKind.DIRECTORY) {
          Inode directory = known;
          names
              .getOrDefault(original.number, Map.of())
              .forEach((name, child) -> add(directory, name, child, pathHash));
        }
      }
      hash += Page.mix(pathHash ^ known.content.contentHash());
      return known;
    }

    private void add(Inode directory, String name, Inode child, long pathHash) {
      Inode inode = make(child, Page.mix(pathHash * 31 + nameHash(name)));
      inode.names++;
      directory.entries.put(name, inode);
    }

    /** Temporary names are random: by them two states do not differ, nor two runs of one seed. */
    private static int nameHash(String name) {
      boolean temporary = name.endsWith(AtomicFile.TEMPORARY_SUFFIX);
      return (temporary ? AtomicFile.TEMPORARY_SUFFIX : name).hashCode();
    }
  }
}
