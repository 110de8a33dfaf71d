package io.github.qcow4j.snapshot.directory;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.Flattening;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.directory.DirectoryRequest.CarriedFile;
import io.github.qcow4j.snapshot.directory.DirectoryRequest.DirectoryDisk;
import io.github.qcow4j.snapshot.directory.DirectoryResult.ExportedFile;
import io.github.qcow4j.snapshot.directory.Envelope.EnvelopeDisk;
import io.github.qcow4j.snapshot.intake.FileCopy;
import io.github.qcow4j.snapshot.intake.NewFiles;
import io.github.qcow4j.snapshot.json.JsonValue;
import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import io.github.qcow4j.snapshot.json.JsonValue.JsonString;
import io.github.qcow4j.snapshot.transfer.LastStep;
import io.github.qcow4j.snapshot.transfer.UnsyncedExportException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes directories that boxes travel in. */
public final class BoxDirectories {

  /**
   * Files that share their storage are digested up to here. Reading more would take the time that
   * sharing saves, and says nothing that the file system does not vouch for.
   */
  private static final long MAX_DIGEST_OF_SHARED_BYTES = 64L << 20;

  private final DirectoryRequest request;
  private final Volume volume;
  private final Path directory;
  private final JobControl control;
  private final NewFiles made;

  private BoxDirectories(
      DirectoryRequest request, Volume volume, Path directory, JobControl control, NewFiles made) {
    this.request = request;
    this.volume = volume;
    this.directory = directory;
    this.control = control;
    this.made = made;
  }

  /**
   * Exports disks to a directory, each flattened to a standalone qcow2 file that shares storage
   * with its layers where the file system can, and copies other files beside them; then says in
   * {@code snapshot.json} that all is there. All of it is durable when this returns; when it
   * throws, what it made is gone.
   *
   * @param request what to export
   * @param volume where the directory is looked up
   * @param directory made when missing, its parent existing; else empty
   * @param control counts bytes of the disks
   * @throws DirectoryNotEmptyException when something is in it
   * @throws FileAlreadyExistsException when it is no directory
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when cancelled or out of time
   * @throws IOException when reading or writing fails
   */
  public static DirectoryResult export(
      DirectoryRequest request, Volume volume, Path directory, JobControl control)
      throws IOException {
    boolean fresh = prepared(volume, directory);
    boolean complete = false;
    try (NewFiles made = new NewFiles(volume)) {
      if (fresh) {
        syncParent(volume, directory);
      }
      DirectoryResult result = new BoxDirectories(request, volume, directory, control, made).run();
      complete = true;
      return result;
    } finally {
      if (fresh && !complete) {
        removeIfEmpty(volume, directory);
      }
    }
  }

  /** Whether the directory was made. */
  private static boolean prepared(Volume volume, Path directory) throws IOException {
    if (!volume.exists(directory)) {
      volume.createDirectory(directory);
      return true;
    } else if (volume.status(directory).kind() != FileKind.DIRECTORY) {
      throw new FileAlreadyExistsException(directory.toString(), null, "a file, and no directory");
    } else if (!volume.list(directory).isEmpty()) {
      throw new DirectoryNotEmptyException(directory.toString());
    }
    return false;
  }

  private static void syncParent(Volume volume, Path directory) throws IOException {
    Path parent = directory.toAbsolutePath().getParent();
    if (parent != null) {
      volume.syncDirectory(parent);
    }
  }

  private static void removeIfEmpty(Volume volume, Path directory) {
    try {
      volume.removeDirectory(directory);
    } catch (IOException e) {
      // The failure that led here is told; an empty directory says nothing wrong.
    }
  }

  private DirectoryResult run() throws IOException {
    control.expect(request.disks().stream().mapToLong(disk -> disk.image().virtualSize()).sum());
    List<ExportedFile> files = new ArrayList<>();
    List<EnvelopeDisk> disks = new ArrayList<>();
    for (DirectoryDisk disk : request.disks()) {
      files.add(flatten(disk));
      disks.add(
          new EnvelopeDisk(
              disk.role(), disk.fileName(), ImageFormat.QCOW2, disk.image().virtualSize()));
    }
    for (CarriedFile file : request.carried()) {
      files.add(copy(file));
    }
    volume.syncDirectory(directory);
    publish(envelope(files, disks));
    return new DirectoryResult(directory, files);
  }

  private ExportedFile flatten(DirectoryDisk disk) throws IOException {
    Path path = directory.resolve(disk.fileName());
    int sparseBytes = ConvertOptions.DEFAULT.sparseBytes();
    ConvertOptions options = new ConvertOptions(request.parallelism(), sparseBytes, false, 0);
    if (volume.exists(path)) {
      throw new FileAlreadyExistsException(path.toString());
    }
    made.add(path);
    CopyResult copied;
    try {
      copied = Flattening.run(volume, path, disk.image(), options, control);
    } catch (FileAlreadyExistsException e) {
      // Another program has made a file of that name: not ours to remove.
      made.disown(path);
      throw e;
    }
    try (BlockFile file = volume.open(path, OpenOptions.reading())) {
      return exported(disk.fileName(), file, copied);
    }
  }

  private ExportedFile copy(CarriedFile carried) throws IOException {
    try (BlockFile file = made.create(directory.resolve(carried.name()))) {
      CopyResult copied = FileCopy.copy(carried.source(), file, control);
      file.syncAll();
      return exported(carried.name(), file, copied);
    }
  }

  private ExportedFile exported(String name, BlockFile file, CopyResult copied) throws IOException {
    long length = file.size();
    boolean digested = copied.reflinkBytes() == 0 || length <= MAX_DIGEST_OF_SHARED_BYTES;
    return new ExportedFile(name, length, digested ? FileCopy.digest(file, control) : null, copied);
  }

  private Envelope envelope(List<ExportedFile> files, List<EnvelopeDisk> disks) {
    Map<String, JsonValue> config = new LinkedHashMap<>();
    config.put("id", new JsonString(request.snapshotId()));
    config.put("name", new JsonString(request.name()));
    String description = request.description();
    if (description != null && !description.isEmpty()) {
      config.put("description", new JsonString(description));
    }
    Map<String, Long> lengths = new LinkedHashMap<>();
    Map<String, String> digests = new LinkedHashMap<>();
    for (ExportedFile file : files) {
      lengths.put(file.name(), file.lengthBytes());
      String digest = file.digest();
      if (digest != null) {
        digests.put(file.name(), digest);
      }
    }
    List<String> names = files.stream().map(ExportedFile::name).toList();
    return new Envelope(new JsonObject(config), names, lengths, digests, disks);
  }

  /** The last file of all: where it stands, the others do. */
  private void publish(Envelope envelope) throws IOException {
    Path path = directory.resolve(Envelope.NAME);
    try (AtomicFile file = AtomicFile.create(volume, path)) {
      file.file().write(ByteBuffer.wrap(EnvelopeText.write(envelope)), 0);
      LastStep.run(file, directory, RenameMode.NO_REPLACE);
      made.leave();
    } catch (UnsyncedExportException e) {
      // It says that all is there.
      made.leave();
      throw e;
    }
  }
}
