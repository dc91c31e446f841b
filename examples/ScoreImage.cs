// examples/ScoreImage.cs: the C interface from C# by P/Invoke: scores image files, or pixels of the program's own memory. The structs
// are those of rd4ad/rd4ad.h, whose layout tests/c/abi.txt states. In the language of C# 7, which Mono compiles, too:
//   mcs -unsafe ScoreImage.cs && mono ScoreImage.exe parts.safetensors part.png
// or `dotnet run -- parts.safetensors part.png` in a project with AllowUnsafeBlocks; with librd4ad.so on the library path.
using System;
using System.Runtime.InteropServices;

public sealed class Rd4adException : Exception
{
    public int Status { get; }
    public Rd4adException(int status, string message) : base(message) => Status = status;
}

public sealed class Score
{
    public float RawScore;
    public double? Value;       // 0 to 1; null without a calibration
    public bool? IsAnomalous;   // null without a calibration
    public float[] Map;         // MapHeight rows of MapWidth raw scores
    public int MapWidth, MapHeight;
}

public sealed class Detector : IDisposable
{
    private const string Library = "librd4ad.so.1";
    public const int Grey8 = 0, Rgb8 = 1, Bgr8 = 2;

    [StructLayout(LayoutKind.Sequential)]
    private struct View
    {
        public uint StructSize;
        public int Format;
        public IntPtr Data;
        public UIntPtr Width, Height;
        public IntPtr Stride;
        public uint White, Reserved;
    }

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct ResultFacts
    {
        public uint StructSize;
        public float RawScore;
        public int HasScore, IsAnomalous;
        public double Score;
        public UIntPtr MapWidth, MapHeight;
        public IntPtr Map;
        public UIntPtr RegionCount;
        public fixed ulong Transform[12];
    }

    [DllImport(Library)] private static extern IntPtr rd4ad_last_error();
    [DllImport(Library)] private static extern int rd4ad_detector_open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, IntPtr where,
        IntPtr options, out IntPtr detector);
    [DllImport(Library)] private static extern void rd4ad_detector_free(IntPtr detector);
    [DllImport(Library)] private static extern int rd4ad_detector_score(IntPtr detector, ref View view, IntPtr roi, out IntPtr result);
    [DllImport(Library)] private static extern int rd4ad_detector_score_file(IntPtr detector,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string path, out IntPtr result);
    [DllImport(Library)] private static extern int rd4ad_result_describe(IntPtr result, ref ResultFacts facts);
    [DllImport(Library)] private static extern void rd4ad_result_free(IntPtr result);

    private IntPtr handle;

    public Detector(string checkpoint) => Check(rd4ad_detector_open(checkpoint, IntPtr.Zero, IntPtr.Zero, out handle));

    public void Dispose()
    {
        rd4ad_detector_free(handle);
        handle = IntPtr.Zero;
    }

    public Score ScoreFile(string path)
    {
        Check(rd4ad_detector_score_file(handle, path, out var result));
        return Read(result);
    }

    /// <summary>Scores pixels where they lie. stride: bytes from a row to the next.</summary>
    public unsafe Score ScorePixels(byte[] pixels, int width, int height, int stride, int format)
    {
        if (stride <= 0 || pixels.Length < (long)stride * height) throw new ArgumentException("pixels are fewer than stride x height");
        fixed (byte* data = pixels)
        {
            var view = new View
            {
                StructSize = (uint)Marshal.SizeOf<View>(), Format = format, Data = (IntPtr)data, Width = (UIntPtr)width,
                Height = (UIntPtr)height, Stride = (IntPtr)stride
            };
            Check(rd4ad_detector_score(handle, ref view, IntPtr.Zero, out var result));
            return Read(result);
        }
    }

    private static unsafe Score Read(IntPtr result)
    {
        try
        {
            var facts = new ResultFacts { StructSize = (uint)sizeof(ResultFacts) };
            Check(rd4ad_result_describe(result, ref facts));
            var map = new float[(int)facts.MapWidth * (int)facts.MapHeight];
            Marshal.Copy(facts.Map, map, 0, map.Length);
            var calibrated = facts.HasScore == 1;
            return new Score
            {
                RawScore = facts.RawScore, Value = calibrated ? facts.Score : (double?)null,
                IsAnomalous = calibrated ? facts.IsAnomalous == 1 : (bool?)null, Map = map, MapWidth = (int)facts.MapWidth,
                MapHeight = (int)facts.MapHeight
            };
        }
        finally
        {
            rd4ad_result_free(result);
        }
    }

    private static void Check(int status)
    {
        if (status != 0) throw new Rd4adException(status, Marshal.PtrToStringUTF8(rd4ad_last_error()) ?? "");
    }
}

public static class Program
{
    // The pixels of a binary PPM with 8 bits per channel and no comment: what a program gets from its camera.
    private static byte[] ReadPpm(string path, out int width, out int height)
    {
        var bytes = System.IO.File.ReadAllBytes(path);
        var numbers = new int[3];
        var at = 2;
        for (var i = 0; i < 3; ++i)
        {
            while (bytes[at] <= ' ') ++at;
            for (; bytes[at] > ' '; ++at) numbers[i] = numbers[i] * 10 + bytes[at] - '0';
        }
        width = numbers[0];
        height = numbers[1];
        var pixels = new byte[3 * width * height];
        Array.Copy(bytes, at + 1, pixels, 0, pixels.Length);
        return pixels;
    }

    public static void Main(string[] words)
    {
        using (var detector = new Detector(words[0]))
            for (var i = 1; i < words.Length; ++i)
            {
                var path = words[i];
                Score found;
                if (path.EndsWith(".ppm"))
                {
                    var pixels = ReadPpm(path, out var width, out var height);
                    found = detector.ScorePixels(pixels, width, height, 3 * width, Detector.Rgb8);
                }
                else
                    found = detector.ScoreFile(path);
                Console.WriteLine($"{path}: raw score {found.RawScore:G9}, score {found.Value:F3}, anomalous {found.IsAnomalous}");
            }
    }
}
