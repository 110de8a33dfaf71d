package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveRequest.ArchivedDisk;
import io.github.qcow4j.snapshot.archive.Manifest.ManifestDisk;
import io.github.qcow4j.snapshot.tar.TarWriter;
import io.github.qcow4j.snapshot.transfer.LastStep;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes {@code .boxlite} archives. */
public final class BoxArchives {

  private static final String NAMELESS = "box";

  private final ArchiveRequest request;
  private final JobControl control;

  private BoxArchives(ArchiveRequest request, JobControl control) {
    this.request = request;
    this.control = control;
  }

  /**
   * Exports disks, each flattened to a standalone qcow2 file of version 3 with clusters of 64 KiB.
   * The same request makes the same bytes. A file is complete, durable and visible when this
   * returns; when it throws, no name has appeared or changed, but for an {@link
   * io.github.qcow4j.snapshot.transfer.UnsyncedExportException}, which says so.
   *
   * @param request what to export
   * @param destination where to
   * @param control counts bytes of the disks, twice
   * @throws io.github.qcow4j.snapshot.transfer.TransferLimitException when the manifest, with the
   *     options that the box carries, is longer than any that is read; nothing is written then
   * @throws FileAlreadyExistsException when a file exists that is not to be replaced
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when cancelled or out of time
   * @throws IOException when reading or writing fails, or a disk changes meanwhile
   */
  public static ArchiveResult export(
      ArchiveRequest request, ArchiveDestination destination, JobControl control)
      throws IOException {
    BoxArchives export = new BoxArchives(request, control);
    return switch (destination) {
      case ArchiveDestination.ToFile(Volume volume, Path path, RenameMode mode) ->
          export.toFile(volume, path, mode);
      case ArchiveDestination.ToFolder(Volume volume, Path folder, RenameMode mode) ->
          export.toFile(volume, inFolder(volume, folder, request.boxName()), mode);
      case ArchiveDestination.ToChannel(WritableByteChannel channel) ->
          export.toChannel(null, channel);
    };
  }

  private static Path inFolder(Volume volume, Path folder, @Nullable String boxName)
      throws IOException {
    if (volume.status(folder).kind() != FileKind.DIRECTORY) {
      throw new NotDirectoryException(folder.toString());
    }
    return folder.resolve((boxName == null ? NAMELESS : boxName) + ArchiveDestination.SUFFIX);
  }

  private ArchiveResult toFile(Volume volume, Path path, RenameMode mode) throws IOException {
    if (mode == RenameMode.NO_REPLACE && volume.exists(path)) {
      // Told now rather than after the work; publishing asks again.
      throw new FileAlreadyExistsException(path.toString());
    }
    try (AtomicFile file = AtomicFile.create(volume, path)) {
      ArchiveResult result = toChannel(path, new FileOutput(file.file()));
      LastStep.run(file, path, mode);
      return result;
    }
  }

  private ArchiveResult toChannel(@Nullable Path path, WritableByteChannel channel)
      throws IOException {
    List<DiskStream> streams = new ArrayList<>();
    List<ManifestDisk> digests = new ArrayList<>();
    control.expect(
        2 * request.disks().stream().mapToLong(disk -> disk.image().virtualSize()).sum());
    for (ArchivedDisk disk : request.disks()) {
      DiskStream stream =
          DiskStream.plan(disk.role(), disk.image(), request.parallelism(), control);
      streams.add(stream);
      digests.add(
          new ManifestDisk(
              disk.role(), ManifestText.memberOf(disk.role()), stream.digest(control)));
    }
    Manifest manifest = manifest(digests);
    CountedOutput counted = new CountedOutput(channel);
    write(manifest, streams, counted);
    return new ArchiveResult(
        path, counted.bytesWritten(), manifest, streams.stream().map(DiskStream::result).toList());
  }

  private Manifest manifest(List<ManifestDisk> disks) {
    var options = request.boxOptions();
    return new Manifest(
        request.version(),
        request.boxName(),
        request.image(),
        options == null ? null : CarriedOptions.withoutSecrets(options),
        disks,
        DateTimeFormatter.ISO_INSTANT.format(request.exportedAt().truncatedTo(ChronoUnit.SECONDS)));
  }

  private void write(Manifest manifest, List<DiskStream> streams, WritableByteChannel channel)
      throws IOException {
    byte[] text = ManifestText.write(manifest);
    try (ArchiveOutput output =
        ArchiveOutput.open(request.compression(), request.level(), channel)) {
      TarWriter tar = new TarWriter(output, request.exportedAt().getEpochSecond());
      tar.begin(ManifestText.MEMBER, text.length);
      tar.write(ByteBuffer.wrap(text));
      for (int i = 0; i < streams.size(); i++) {
        DiskStream stream = streams.get(i);
        tar.begin(manifest.disks().get(i).member(), stream.lengthBytes());
        stream.writeTo(tar, control);
      }
      tar.finish();
      output.finish();
    }
  }
}
