package io.github.qcow4j.nativeio.simulator;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.FileStatus;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.OpenOptions.Creation;
import io.github.qcow4j.nativeio.ProviderInfo;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.Event.Binding;
import io.github.qcow4j.nativeio.simulator.NameTree.Location;
import io.github.qcow4j.nativeio.support.LockTable;
import io.github.qcow4j.nativeio.support.StepwiseRename;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A volume in memory that remembers what is durable. See {@link CrashExplorer} for what it is for.
 *
 * <p>Any thread may use it; one lock guards all. Relative names are taken from the root. Long
 * because the interface is: each of its methods is a few lines over the tree of names.
 */
public final class SimulatedVolume implements Volume {

  private static final int NEW_FILE_PERMISSIONS = 0644;
  private static final int NEW_DIRECTORY_PERMISSIONS = 0755;
  private static final AtomicLong DEVICES = new AtomicLong(1L << 40);

  /**
   * What kind of disk it is.
   *
   * @param capacityBytes how much storage there is, in pages of 4096 bytes
   * @param capabilities what it can do; what is left out is refused as a file system would
   * @param recording whether it remembers what is durable; without, it cannot lose power
   * @param copyingOnWrite whether pages that are overwritten need free ones, as on btrfs; their old
   *     ones are free afterwards
   */
  public record Options(
      long capacityBytes, Set<Capability> capabilities, boolean recording, boolean copyingOnWrite) {

    /** A large disk that can do everything and lose power. */
    public static Options standard() {
      return new Options(1L << 50, EnumSet.allOf(Capability.class), true, false);
    }

    /** The same with this much storage. */
    public Options withCapacity(long bytes) {
      return new Options(bytes, capabilities, recording, copyingOnWrite);
    }

    /** The same without this. */
    public Options without(Capability capability) {
      Set<Capability> fewer = EnumSet.copyOf(capabilities);
      fewer.remove(capability);
      return new Options(capacityBytes, fewer, recording, copyingOnWrite);
    }

    /** The same, remembering what is durable or not. */
    public Options withRecording(boolean on) {
      return new Options(capacityBytes, capabilities, on, copyingOnWrite);
    }

    /** The same, writing nothing in place or as most file systems do. */
    public Options withCopyingOnWrite(boolean on) {
      return new Options(capacityBytes, capabilities, recording, on);
    }
  }

  private final Options options;
  private final long device = DEVICES.incrementAndGet();
  private final Inode root;
  private final NameTree names;
  private final Faults faults = new Faults();
  private volatile boolean settled;
  private volatile Runnable whenPrepared = () -> {};
  private final Map<Inode, LockTable> locks = new HashMap<>();
  private final Set<SimulatedBlockFile> openFiles = new LinkedHashSet<>();

  @GuardedBy("this")
  private final Set<Path> everOpened = new LinkedHashSet<>();

  @GuardedBy("this")
  private @Nullable History history;

  @GuardedBy("this")
  private long usedPages;

  @GuardedBy("this")
  private long nextInode;

  private SimulatedVolume(Options options, Inode root, long nextInode, long usedPages) {
    this.options = options;
    this.root = root;
    this.names = new NameTree(root);
    this.nextInode = nextInode;
    this.usedPages = usedPages;
    this.history = options.recording() ? new History(root) : null;
  }

  /** An empty volume of the standard kind. */
  public static SimulatedVolume create() {
    return create(Options.standard());
  }

  /** An empty volume. */
  public static SimulatedVolume create(Options options) {
    Inode root = new Inode(1, FileKind.DIRECTORY, new Content(), null, NEW_DIRECTORY_PERMISSIONS);
    root.names = 1;
    return new SimulatedVolume(options, root, 2, 0);
  }

  /** A volume with these names and contents, all of it durable. */
  static SimulatedVolume of(Options options, Inode root, long nextInode, long usedPages) {
    return new SimulatedVolume(options, root, nextInode, usedPages);
  }

  Options options() {
    return options;
  }

  /** Makes calls fail. */
  public Faults faults() {
    return faults;
  }

  /** Makes everything durable and forgets how it came about: a clean unmount. */
  public synchronized void settle() {
    if (options.recording()) {
      history = new History(root);
    }
    settled = true;
  }

  /**
   * Takes over the names and bytes of a volume that is used no more but for this: for what is long
   * to prepare and always the same. To be done with an empty volume, which {@link #settle} then
   * makes durable.
   */
  public void takeFrom(SimulatedVolume prepared) {
    Inode copy;
    long pages;
    long next;
    synchronized (prepared) {
      copy = new History(prepared.root).start;
      pages = prepared.usedPages;
      next = prepared.nextInode;
    }
    synchronized (this) {
      if (!root.entries.isEmpty()) {
        throw new IllegalStateException("this volume is not empty");
      }
      countNames(copy);
      root.entries.putAll(copy.entries);
      usedPages = pages;
      nextInode = next;
    }
  }

  private static void countNames(Inode directory) {
    for (Inode inode : directory.entries.values()) {
      inode.names++;
      if (inode.names == 1) {
        countNames(inode);
      }
    }
  }

  /** Notes where the test is, for {@link CrashState#marks()}. */
  public void mark(Object mark) {
    record(new Event.Mark(mark));
    if (settled) {
      settled = false;
      whenPrepared.run();
    }
  }

  /**
   * Does this at the first mark after {@link #settle}: what a workload prepares itself with is then
   * over.
   */
  public void whenPrepared(Runnable action) {
    whenPrepared = action;
  }

  /** What {@link #mark} noted since the volume was made or settled. */
  public synchronized List<Object> marks() {
    return history().events.stream()
        .filter(Event.Mark.class::isInstance)
        .map(event -> ((Event.Mark) event).mark())
        .toList();
  }

  /** How many bytes of storage files take. */
  public synchronized long usedBytes() {
    return usedPages * Page.BYTES;
  }

  /** How many things happened that a power cut could fall between. */
  public synchronized int events() {
    return history == null ? 0 : history.events.size();
  }

  synchronized History history() {
    if (history == null) {
      throw new IllegalStateException("this volume does not record");
    }
    return history;
  }

  synchronized long nextInode() {
    return nextInode;
  }

  /** The files that are open, each with the stack that opened it as the cause. */
  public synchronized List<String> openFiles() {
    return openFiles.stream().map(file -> file.path().toString()).toList();
  }

  /** The names by which files were opened since the volume was made. */
  public synchronized Set<Path> everOpened() {
    return Set.copyOf(everOpened);
  }

  /** Fails when a file is open, with the stack that opened it. */
  public synchronized void assertNothingOpen() {
    if (openFiles.isEmpty()) {
      return;
    }
    AssertionError error = new AssertionError("left open: " + openFiles());
    openFiles.forEach(file -> error.addSuppressed(file.opened()));
    throw error;
  }

  @Override
  public ProviderInfo provider() {
    return new ProviderInfo("simulated", options.capabilities(), "for tests");
  }

  boolean can(Capability capability) {
    return options.capabilities().contains(capability);
  }

  void record(Event event) {
    synchronized (this) {
      if (history != null) {
        history.events.add(event);
      }
    }
  }

  /** Caller holds the lock. Takes storage, or says that there is not enough. */
  @SuppressWarnings("GuardedBy") // the file's calls hold this lock
  boolean takePages(long growth) {
    if (growth > 0 && (usedPages + growth) * Page.BYTES > options.capacityBytes()) {
      return false;
    }
    usedPages += growth;
    return true;
  }

  /** Caller holds the lock. Whether writing to a page needs a free one. */
  boolean needsRoom(Page before) {
    return before.isHole() || options.copyingOnWrite();
  }

  /** Caller holds the lock. How many pages are free. */
  @SuppressWarnings("GuardedBy")
  long freePages() {
    return options.capacityBytes() / Page.BYTES - usedPages;
  }

  LockTable locks(Inode inode) {
    return locks.getOrDefault(inode, LockTable.EMPTY);
  }

  void setLocks(Inode inode, LockTable table) {
    locks.put(inode, table);
  }

  FileIdentity identity(Inode inode) {
    return new FileIdentity(device, inode.number);
  }

  @Override
  public synchronized BlockFile open(Path path, OpenOptions openOptions) throws IOException {
    faults.check("open", path);
    boolean mustBeNew = openOptions.creation() == Creation.ALWAYS_NEW;
    Location location = names.find("open", path, openOptions.followLinks() && !mustBeNew);
    Inode inode = location.inode();
    if (inode == null) {
      if (openOptions.creation() == Creation.EXISTING) {
        throw Errno.ENOENT.exception("open", path.toString());
      }
      inode = newInode(FileKind.REGULAR, null, NEW_FILE_PERMISSIONS);
      bind(
          "create " + path,
          new Binding(location.parent().number, location.name(), inode),
          location);
    } else if (mustBeNew) {
      throw Errno.EEXIST.exception("open", path.toString());
    } else if (inode.kind == FileKind.SYMBOLIC_LINK) {
      throw Errno.ELOOP.exception("open", path.toString());
    } else if (inode.kind == FileKind.DIRECTORY) {
      throw Errno.EISDIR.exception("open", path.toString());
    }
    return opened(inode, path, openOptions);
  }

  @GuardedBy("this")
  private SimulatedBlockFile opened(Inode inode, Path path, OpenOptions openOptions) {
    SimulatedBlockFile file = new SimulatedBlockFile(this, inode, path, openOptions);
    inode.openings++;
    openFiles.add(file);
    everOpened.add(path);
    return file;
  }

  synchronized void closed(SimulatedBlockFile file, Inode inode) {
    locks.put(inode, locks(inode).with(file, 0, Long.MAX_VALUE, null));
    openFiles.remove(file);
    inode.openings--;
    freeIfGone(inode);
  }

  @GuardedBy("this")
  private Inode newInode(FileKind kind, @Nullable Path link, int permissions) {
    Inode inode = new Inode(nextInode, kind, new Content(), link, permissions);
    nextInode++;
    return inode;
  }

  @GuardedBy("this")
  private void freeIfGone(Inode inode) {
    if (inode.names == 0 && inode.openings == 0) {
      usedPages -= inode.storedPages();
    }
  }

  /** Makes one name stand for something, or for nothing. */
  @GuardedBy("this")
  private void bind(String what, Binding binding, Location location) {
    set(location, binding.inode());
    record(new Event.Names(what, List.of(binding)));
  }

  @GuardedBy("this")
  private void set(Location location, @Nullable Inode inode) {
    Inode before =
        inode == null
            ? location.parent().entries.remove(location.name())
            : location.parent().entries.put(location.name(), inode);
    if (inode != null) {
      inode.names++;
    }
    if (before != null) {
      before.names--;
      freeIfGone(before);
    }
  }

  private static Binding binding(Location location, @Nullable Inode inode) {
    return new Binding(location.parent().number, location.name(), inode);
  }

  @Override
  public synchronized FileStatus status(Path path) throws IOException {
    faults.check("statx", path);
    return status(names.existing("statx", path, true));
  }

  @Override
  public synchronized FileStatus linkStatus(Path path) throws IOException {
    faults.check("statx", path);
    return status(names.existing("statx", path, false));
  }

  /**
   * A number for the bytes of a file, the same for the same bytes; two contents share one with a
   * chance of 2^-64. Not a call that could be made to fail.
   */
  public synchronized long contentHash(Path path) throws IOException {
    return names.existing("statx", path, true).content.contentHash();
  }

  private FileStatus status(Inode inode) {
    return new FileStatus(
        inode.kind,
        inode.fileBytes(),
        inode.storedPages() * Page.BYTES,
        identity(inode),
        inode.permissions);
  }

  @Override
  public synchronized boolean exists(Path path) throws IOException {
    faults.check("statx", path);
    try {
      names.existing("statx", path, true);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  @Override
  public synchronized Path realPath(Path path) throws IOException {
    faults.check("realpath", path);
    return names.realPath(path);
  }

  @Override
  public synchronized Path readLink(Path path) throws IOException {
    faults.check("readlink", path);
    Path link = names.existing("readlink", path, false).link;
    if (link == null) {
      throw Errno.EINVAL.exception("readlink", path.toString());
    }
    return link;
  }

  /** Makes a symbolic link. */
  public synchronized void makeSymbolicLink(Path link, Path target) throws IOException {
    Location location = free("symlink", link);
    Inode inode = newInode(FileKind.SYMBOLIC_LINK, target, 0777);
    bind("symlink " + link, binding(location, inode), location);
  }

  /** Makes a FIFO, which somebody reads: what is written to it is gone from this disk. */
  public synchronized void makeFifo(Path path) throws IOException {
    Location location = free("mknod", path);
    Inode inode = newInode(FileKind.FIFO, null, NEW_FILE_PERMISSIONS);
    bind("mkfifo " + path, binding(location, inode), location);
  }

  /** What was written to a FIFO. Not a call that could be made to fail. */
  public synchronized byte[] received(Path fifo) throws IOException {
    Content content = names.existing("statx", fifo, true).content;
    ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(content.size()));
    content.read(all, 0);
    return all.array();
  }

  /** They mean nothing here, but are kept. */
  @Override
  public synchronized void setPermissions(Path path, int permissions) throws IOException {
    faults.check("fchmod", path);
    names.existing("chmod", path, true).permissions = permissions;
  }

  @Override
  public synchronized void rename(Path from, Path to, RenameMode mode) throws IOException {
    if (mode == RenameMode.REPLACE || can(Capability.RENAME_FLAGS)) {
      renameInOneStep(from, to, mode);
    } else if (mode == RenameMode.NO_REPLACE) {
      StepwiseRename.withoutReplacing(this, from, to);
    } else {
      StepwiseRename.exchange(this, from, to);
    }
  }

  @GuardedBy("this")
  private void renameInOneStep(Path from, Path to, RenameMode mode) throws IOException {
    faults.check("renameat2", from);
    Location source = names.find("renameat2", from, false);
    Location target = names.find("renameat2", to, false);
    Renames.check(source, target, from, to, mode);
    Inode moved = source.inode();
    Inode replaced = target.inode();
    if (moved == replaced) {
      return;
    }
    boolean exchange = mode == RenameMode.EXCHANGE;
    List<Binding> bindings = new ArrayList<>();
    bindings.add(binding(target, moved));
    bindings.add(binding(source, exchange ? replaced : null));
    set(target, moved);
    set(source, exchange ? replaced : null);
    record(new Event.Names("rename " + from + " to " + to, bindings));
  }

  private Location free(String call, Path path) throws IOException {
    Location location = names.find(call, path, false);
    if (location.inode() != null) {
      throw Errno.EEXIST.exception(call, path.toString());
    }
    return location;
  }

  @Override
  public synchronized void link(Path existing, Path newName) throws IOException {
    faults.check("link", existing);
    Inode inode = names.existing("link", existing, false);
    if (inode.kind == FileKind.DIRECTORY) {
      throw Errno.EPERM.exception("link", existing.toString());
    }
    Location location = free("link", newName);
    bind("link " + newName, binding(location, inode), location);
  }

  @Override
  public synchronized void unlink(Path path) throws IOException {
    faults.check("unlink", path);
    if (names.existing("unlink", path, false).kind == FileKind.DIRECTORY) {
      throw Errno.EISDIR.exception("unlink", path.toString());
    }
    Location location = names.find("unlink", path, false);
    bind("unlink " + path, binding(location, null), location);
  }

  @Override
  public synchronized void createDirectory(Path path) throws IOException {
    faults.check("mkdir", path);
    Location location = free("mkdir", path);
    Inode inode = newInode(FileKind.DIRECTORY, null, NEW_DIRECTORY_PERMISSIONS);
    bind("mkdir " + path, binding(location, inode), location);
  }

  @Override
  public synchronized void removeDirectory(Path path) throws IOException {
    faults.check("rmdir", path);
    Inode inode = names.existing("rmdir", path, false);
    if (inode.kind != FileKind.DIRECTORY) {
      throw Errno.ENOTDIR.exception("rmdir", path.toString());
    } else if (!inode.entries.isEmpty()) {
      throw Errno.ENOTEMPTY.exception("rmdir", path.toString());
    }
    Location location = names.find("rmdir", path, false);
    bind("rmdir " + path, binding(location, null), location);
  }

  @Override
  public synchronized List<String> list(Path directory) throws IOException {
    faults.check("getdents64", directory);
    return new ArrayList<>(names.directory("open", directory).entries.keySet());
  }

  @Override
  public synchronized void syncDirectory(Path directory) throws IOException {
    Inode inode = names.directory("open", directory);
    faults.check("fsync", directory);
    record(new Event.DirectorySynced(inode.number, directory.toString()));
  }

  @Override
  public synchronized @Nullable BlockFile createUnnamed(Path directory) throws IOException {
    names.directory("open", directory);
    if (!can(Capability.UNNAMED_FILES)) {
      return null;
    }
    faults.check("open", directory);
    return opened(
        newInode(FileKind.REGULAR, null, NEW_FILE_PERMISSIONS), directory, OpenOptions.writing());
  }

  @Override
  public synchronized void linkUnnamed(BlockFile unnamed, Path newName) throws IOException {
    faults.check("linkat", newName);
    Location location = free("linkat", newName);
    bind("name " + newName, binding(location, own(unnamed).inode()), location);
  }

  @Override
  public synchronized void copyPermissions(Path from, BlockFile to) throws IOException {
    faults.check("fchmod", from);
    own(to).inode().permissions = names.existing("statx", from, true).permissions;
  }

  private static SimulatedBlockFile own(BlockFile file) {
    if (file instanceof SimulatedBlockFile own) {
      return own;
    }
    throw new IllegalArgumentException("a file of another volume: " + file.path());
  }
}
