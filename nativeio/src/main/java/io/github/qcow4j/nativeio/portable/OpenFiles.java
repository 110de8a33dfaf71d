package io.github.qcow4j.nativeio.portable;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.FileStatus;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.OpenOptions.Access;
import io.github.qcow4j.nativeio.OpenOptions.Creation;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All files this JVM has open through the portable provider, by identity.
 *
 * <p>{@code java.nio} cannot tell which file a channel is open on, so the name is asked before and
 * after; should it have come to mean another file meanwhile, the whole is tried again. Direct I/O
 * is not for channels that are shared: the page cache is used whatever the options say.
 */
final class OpenFiles {

  /** A name that keeps changing its meaning this often is not a file to be opened. */
  private static final int ATTEMPTS = 100;

  @GuardedBy("this")
  private final Map<FileIdentity, SharedFile> files = new HashMap<>();

  /** Channels on who knows which file: closing one could drop the locks of a file in use. */
  @GuardedBy("this")
  private final List<DataChannel> strays = new ArrayList<>();

  synchronized PortableBlockFile open(Path path, OpenOptions options) throws IOException {
    boolean writable = options.access() != Access.READ;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      SharedFile file = options.creation() == Creation.ALWAYS_NEW ? create(path, options) : null;
      if (file == null) {
        file = find(path, options, writable);
      }
      if (file != null) {
        file.enter();
        return new PortableBlockFile(this, file, path, writable);
      }
    }
    throw Errno.ESTALE.exception("open", path.toString());
  }

  /** The file of this name, or null when it changed meanwhile. */
  @GuardedBy("this")
  private @Nullable SharedFile find(Path path, OpenOptions options, boolean writable)
      throws IOException {
    FileStatus status;
    try {
      status = status(path, options);
    } catch (NoSuchFileException e) {
      if (options.creation() == Creation.EXISTING) {
        throw e;
      }
      try {
        return create(path, options);
      } catch (FileAlreadyExistsException made) {
        return isDanglingLink(path) ? createThroughLink(path, options) : null;
      }
    }
    if (status.kind() == FileKind.FIFO && options.access() == Access.WRITE) {
      throw Errno.ESPIPE.exception("open", path.toString());
    }
    SharedFile file = files.get(status.identity());
    boolean open = file != null && (writable ? file.hasWriting() : file.hasReading());
    if (file != null && (open || status.kind() == FileKind.FIFO)) {
      return file;
    } else if (status.kind() == FileKind.FIFO) {
      return register(path, status);
    }
    DataChannel channel = DataChannel.open(path, channelOptions(options, writable));
    if (!status(path, options).identity().equals(status.identity())) {
      strays.add(channel);
      return null;
    }
    SharedFile registered = register(path, status);
    registered.add(channel, writable);
    return registered;
  }

  @GuardedBy("this")
  private SharedFile create(Path path, OpenOptions options) throws IOException {
    Set<OpenOption> creating = channelOptions(options, true);
    creating.add(StandardOpenOption.CREATE_NEW);
    DataChannel channel = DataChannel.open(path, creating);
    return adopt(path, channel);
  }

  @GuardedBy("this")
  private SharedFile createThroughLink(Path path, OpenOptions options) throws IOException {
    Set<OpenOption> creating = channelOptions(options, true);
    creating.add(StandardOpenOption.CREATE);
    DataChannel channel = DataChannel.open(path, creating);
    return adopt(path, channel);
  }

  @GuardedBy("this")
  private SharedFile adopt(Path path, DataChannel channel) throws IOException {
    SharedFile file;
    try {
      file = register(path, UnixAttributes.status(path));
    } catch (IOException e) {
      strays.add(channel);
      throw e;
    }
    file.add(channel, true);
    return file;
  }

  @GuardedBy("this")
  private SharedFile register(Path path, FileStatus status) {
    return files.computeIfAbsent(
        status.identity(), identity -> new SharedFile(identity, status.kind(), path));
  }

  private static FileStatus status(Path path, OpenOptions options) throws IOException {
    FileStatus status =
        options.followLinks()
            ? UnixAttributes.status(path)
            : UnixAttributes.status(path, LinkOption.NOFOLLOW_LINKS);
    return switch (status.kind()) {
      case SYMBOLIC_LINK -> throw Errno.ELOOP.exception("open", path.toString());
      case DIRECTORY -> throw Errno.EISDIR.exception("open", path.toString());
      case SOCKET -> throw Errno.ENXIO.exception("open", path.toString());
      default -> status;
    };
  }

  private static boolean isDanglingLink(Path path) throws IOException {
    try {
      UnixAttributes.status(path);
      return false;
    } catch (NoSuchFileException e) {
      return UnixAttributes.status(path, LinkOption.NOFOLLOW_LINKS).kind()
          == FileKind.SYMBOLIC_LINK;
    }
  }

  private static Set<OpenOption> channelOptions(OpenOptions options, boolean writable) {
    Set<OpenOption> channelOptions = new HashSet<>();
    channelOptions.add(StandardOpenOption.READ);
    if (writable) {
      channelOptions.add(StandardOpenOption.WRITE);
    }
    if (!options.followLinks()) {
      channelOptions.add(LinkOption.NOFOLLOW_LINKS);
    }
    return channelOptions;
  }

  synchronized void leave(SharedFile file) throws IOException {
    if (file.leave()) {
      files.remove(file.identity());
      file.closeChannels();
    }
    if (files.isEmpty()) {
      for (DataChannel stray : strays) {
        stray.channel().close();
      }
      strays.clear();
    }
  }
}
