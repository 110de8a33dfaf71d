package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A volume that takes every sync for done: {@link Volumes#unsynced}. */
final class UnsyncedVolume implements Volume {

  private final Volume volume;

  UnsyncedVolume(Volume volume) {
    this.volume = volume;
  }

  @Override
  public ProviderInfo provider() {
    return volume.provider();
  }

  @Override
  public BlockFile open(Path path, OpenOptions options) throws IOException {
    return new UnsyncedBlockFile(volume.open(path, options));
  }

  @Override
  public FileStatus status(Path path) throws IOException {
    return volume.status(path);
  }

  @Override
  public FileStatus linkStatus(Path path) throws IOException {
    return volume.linkStatus(path);
  }

  @Override
  public boolean exists(Path path) throws IOException {
    return volume.exists(path);
  }

  @Override
  public Path realPath(Path path) throws IOException {
    return volume.realPath(path);
  }

  @Override
  public Path readLink(Path path) throws IOException {
    return volume.readLink(path);
  }

  @Override
  public void rename(Path from, Path to, RenameMode mode) throws IOException {
    volume.rename(from, to, mode);
  }

  @Override
  public void link(Path existing, Path newName) throws IOException {
    volume.link(existing, newName);
  }

  @Override
  public void unlink(Path path) throws IOException {
    volume.unlink(path);
  }

  @Override
  public void createDirectory(Path path) throws IOException {
    volume.createDirectory(path);
  }

  @Override
  public void removeDirectory(Path path) throws IOException {
    volume.removeDirectory(path);
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    return volume.list(directory);
  }

  @Override
  public void syncDirectory(Path directory) {
    // What this volume is for.
  }

  @Override
  public @Nullable BlockFile createUnnamed(Path directory) throws IOException {
    BlockFile unnamed = volume.createUnnamed(directory);
    return unnamed == null ? null : new UnsyncedBlockFile(unnamed);
  }

  @Override
  public void linkUnnamed(BlockFile unnamed, Path newName) throws IOException {
    volume.linkUnnamed(UnsyncedBlockFile.within(unnamed), newName);
  }

  @Override
  public void copyPermissions(Path from, BlockFile to) throws IOException {
    volume.copyPermissions(from, UnsyncedBlockFile.within(to));
  }

  @Override
  public void setPermissions(Path path, int permissions) throws IOException {
    volume.setPermissions(path, permissions);
  }

  /** Nobody has to ask for this one, so it is done. */
  @Override
  public boolean syncFileSystem(Path path) throws IOException {
    return volume.syncFileSystem(path);
  }

  @Override
  public long lastingBlockBytes(Path path) throws IOException {
    return volume.lastingBlockBytes(path);
  }

  @Override
  public boolean freeze(Path path) throws IOException {
    return volume.freeze(path);
  }

  @Override
  public boolean thaw(Path path) throws IOException {
    return volume.thaw(path);
  }
}
