package io.github.qcow4j.nativeio.simulator;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds names as {@code path_resolution(7)} says; relative ones from the root. */
final class NameTree {

  private static final int NAME_MAX_BYTES = 255;
  private static final int LINK_LIMIT = 40;

  private final Inode root;

  NameTree(Inode root) {
    this.root = root;
  }

  /**
   * Where a name is.
   *
   * @param parents the directories on the way, the root first; the last one holds the name
   * @param name the last component, empty for a directory named by {@code .} or {@code ..}
   * @param inode what the name stands for, or null
   */
  record Location(List<Inode> parents, String name, @Nullable Inode inode) {
    Inode parent() {
      return parents.getLast();
    }
  }

  /** The location of a name, which need not exist, but the directory it is in. */
  Location find(String call, Path path, boolean followLast) throws IOException {
    Deque<String> names = new ArrayDeque<>();
    push(names, path);
    List<Inode> parents = new ArrayList<>(List.of(root));
    int links = 0;
    while (!names.isEmpty()) {
      String name = names.pop();
      if (name.isEmpty() || name.equals(".")) {
        continue;
      } else if (name.equals("..")) {
        if (parents.size() > 1) {
          parents.removeLast();
        }
        continue;
      } else if (name.getBytes(StandardCharsets.UTF_8).length > NAME_MAX_BYTES) {
        throw Errno.ENAMETOOLONG.exception(call, path.toString());
      }
      Inode inode = parents.getLast().entries.get(name);
      boolean last = names.isEmpty();
      if (inode != null && inode.link != null && (!last || followLast)) {
        links++;
        if (links > LINK_LIMIT) {
          throw Errno.ELOOP.exception(call, path.toString());
        }
        if (inode.link.isAbsolute()) {
          parents = new ArrayList<>(List.of(root));
        }
        push(names, inode.link);
      } else if (last) {
        return new Location(parents, name, inode);
      } else if (inode == null) {
        throw Errno.ENOENT.exception(call, path.toString());
      } else if (inode.kind != FileKind.DIRECTORY) {
        throw Errno.ENOTDIR.exception(call, path.toString());
      } else {
        parents.add(inode);
      }
    }
    return new Location(parents, "", parents.getLast());
  }

  private static void push(Deque<String> names, Path path) {
    for (int at = path.getNameCount() - 1; at >= 0; at--) {
      names.push(path.getName(at).toString());
    }
  }

  /** What a name stands for. */
  Inode existing(String call, Path path, boolean followLast) throws IOException {
    Inode inode = find(call, path, followLast).inode();
    if (inode == null) {
      throw Errno.ENOENT.exception(call, path.toString());
    }
    return inode;
  }

  /** The directory a name stands for. */
  Inode directory(String call, Path path) throws IOException {
    Inode inode = existing(call, path, true);
    if (inode.kind != FileKind.DIRECTORY) {
      throw Errno.ENOTDIR.exception(call, path.toString());
    }
    return inode;
  }

  /** The name without links and dots. */
  Path realPath(Path path) throws IOException {
    Location location = find("realpath", path, true);
    if (location.inode() == null) {
      throw Errno.ENOENT.exception("realpath", path.toString());
    }
    Path real = Path.of("/");
    for (int at = 1; at < location.parents().size(); at++) {
      real = real.resolve(nameIn(location.parents().get(at - 1), location.parents().get(at)));
    }
    return real.resolve(location.name());
  }

  private static String nameIn(Inode directory, Inode inode) {
    for (Map.Entry<String, Inode> entry : directory.entries.entrySet()) {
      if (entry.getValue() == inode) {
        return entry.getKey();
      }
    }
    throw new IllegalStateException("inode " + inode.number + " is not where it was found");
  }
}
