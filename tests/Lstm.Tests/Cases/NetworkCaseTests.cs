using System.Reflection;
using Lstm.Cells;
using Lstm.Training;

namespace Lstm.Tests.Cases;

/// <summary>The shared list leaves out no option of a spec, no loss and no awkward size.</summary>
public class NetworkCaseTests
{
    private static readonly Assembly Library = typeof(LayerSpec).Assembly;

    [Fact]
    public void Every_value_of_every_option_of_a_spec_occurs_in_a_case()
    {
        ILookup<Type, object> parts = NetworkCases.All.SelectMany(each => each.Specs).SelectMany(Parts).Distinct()
            .ToLookup(part => part.GetType());
        List<string> missing = [];
        foreach (Type type in Described())
        {
            missing.AddRange(type.GetProperties().SelectMany(property => Missing(type, property, parts[type])));
            if (!parts[type].Any())
            {
                missing.Add(type.Name);
            }
        }

        Assert.True(missing.Count == 0, $"In no case of NetworkCases: {string.Join(", ", missing.Order())}");
    }

    [Fact]
    public void Every_option_of_every_loss_occurs_in_a_case()
    {
        ILookup<Type, object> losses = NetworkCases.All.Select(each => (object)each.Loss.Create<double>())
            .ToLookup(loss => loss.GetType());
        IEnumerable<Type> types = Library.GetExportedTypes().Where(type => !type.IsAbstract && IsLoss(type))
            .Select(type => type.MakeGenericType(typeof(double)));
        List<string> missing = [];
        foreach (Type type in types)
        {
            missing.AddRange(type.GetProperties().Where(property => property.Name != nameof(Loss<double>.Unit))
                .SelectMany(property => Missing(type, property, losses[type])));
            if (!losses[type].Any())
            {
                missing.Add(type.Name);
            }
        }

        // Both reductions are one code for all losses.
        missing.RemoveAll(name => name.Contains(nameof(Loss<double>.Reduction), StringComparison.Ordinal));
        Assert.True(missing.Count == 0, $"In no case of NetworkCases: {string.Join(", ", missing.Order())}");
        Assert.Equal(
            Enum.GetValues<Reduction>(),
            losses.SelectMany(loss => loss).Select(loss => ((Loss<double>)loss).Reduction).Distinct().Order());
        Assert.Equal(Enum.GetValues<CaseLoss>(), NetworkCases.All.Select(each => each.Loss).Distinct().Order());
    }

    [Fact]
    public void Awkward_sizes_and_lengths_occur()
    {
        IEnumerable<LstmSpec> lstms = NetworkCases.All.SelectMany(each => each.Specs).OfType<LstmSpec>();
        HashSet<int> units = [.. lstms.Select(spec => spec.HiddenSize)];
        Assert.Superset(new HashSet<int> { 1, 5, 9, 17, 33 }, units);
        int[][] lengths = [.. NetworkCases.All.Select(each => each.Lengths)];
        Assert.Contains(lengths, each => each.All(length => length == 0));
        Assert.Contains(lengths, each => each is [1]);
        Assert.Contains(lengths, each => each.Contains(0) && each.Distinct().Count() > 2);
        Assert.Contains(NetworkCases.All, each => each.TakesIds);
    }

    [Fact]
    public void Every_case_can_be_created_and_has_no_option_without_effect()
        => Assert.All(NetworkCases.All, each => Network.Create<float>(each.InputSize, 7, each.Specs));

    // Layers, and what the properties of one can hold.
    private static IEnumerable<Type> Described()
    {
        HashSet<Type> found = [];
        Queue<Type> open = new([typeof(LayerSpec)]);
        while (open.TryDequeue(out Type? type))
        {
            foreach (Type concrete in Library.GetTypes().Where(each => !each.IsAbstract && each.IsAssignableTo(type)))
            {
                if (found.Add(concrete))
                {
                    concrete.GetProperties().Select(property => property.PropertyType)
                        .Where(each => each.Assembly == Library && each.IsClass && each != typeof(CustomCell)).ToList()
                        .ForEach(open.Enqueue);
                }
            }
        }

        return found;
    }

    private static IEnumerable<object> Parts(object spec) => spec.GetType().GetProperties()
        .Where(property => property.PropertyType.Assembly == Library && property.PropertyType.IsClass)
        .Select(property => property.GetValue(spec)).OfType<object>().Where(part => part is not CustomCell)
        .SelectMany(Parts).Prepend(spec);

    // Each value of an enumeration or a boolean; of anything else two values, one of which may be the default.
    private static IEnumerable<string> Missing(Type owner, PropertyInfo property, IEnumerable<object> owners)
    {
        object?[] values = [.. owners.Select(property.GetValue).Distinct()];
        Type type = property.PropertyType;
        if (type.IsEnum || type == typeof(bool))
        {
            Array all = type.IsEnum ? Enum.GetValues(type) : new[] { false, true };
            return all.Cast<object>().Except(values).Select(value => $"{owner.Name}.{property.Name} = {value}");
        }

        return values.Length >= 2 ? [] : [$"{owner.Name}.{property.Name}"];
    }

    private static bool IsLoss(Type type)
    {
        for (Type? each = type.BaseType; each is not null; each = each.BaseType)
        {
            if (each.IsGenericType && each.GetGenericTypeDefinition() == typeof(Loss<>))
            {
                return true;
            }
        }

        return false;
    }
}
