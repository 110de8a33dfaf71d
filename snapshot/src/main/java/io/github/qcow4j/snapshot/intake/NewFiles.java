package io.github.qcow4j.snapshot.intake;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Files made one after the other, which all stay or all go: closed without {@link #keep}, none of
 * them is left. For one thread at a time.
 */
public final class NewFiles implements Closeable {

  private final Volume volume;
  private final List<Path> made = new ArrayList<>();
  private boolean kept;

  /**
   * @param volume where names are looked up
   */
  public NewFiles(Volume volume) {
    this.volume = volume;
  }

  /**
   * Makes a file and opens it for writing; the caller closes it.
   *
   * @throws java.nio.file.FileAlreadyExistsException when there is one
   */
  public BlockFile create(Path path) throws IOException {
    BlockFile file = volume.open(path, OpenOptions.creatingNew());
    made.add(path);
    return file;
  }

  /** Minds a file that somebody else made for it. */
  public void add(Path path) {
    made.add(path);
  }

  /** Minds a file no more: it turned out to be another's. */
  public void disown(Path path) {
    made.remove(path);
  }

  /** Removes one of them now. */
  public void remove(Path path) throws IOException {
    volume.unlink(path);
    made.remove(path);
  }

  /** Makes the names in a directory durable, and from now on lets the files stay. */
  public void keep(Path directory) throws IOException {
    volume.syncDirectory(directory);
    leave();
  }

  /** From now on lets the files stay. */
  public void leave() {
    kept = true;
  }

  /** Removes what is not kept; goes on when one cannot be removed, and says so in the end. */
  @Override
  public void close() throws IOException {
    if (kept) {
      return;
    }
    IOException failure = null;
    for (Path path : made.reversed()) {
      try {
        volume.unlink(path);
      } catch (NoSuchFileException e) {
        // Its maker took it away already.
      } catch (IOException e) {
        failure = e;
      }
    }
    made.clear();
    if (failure != null) {
      throw failure;
    }
  }
}
