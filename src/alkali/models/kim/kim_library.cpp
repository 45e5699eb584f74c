#include "alkali/models/kim/kim_library.hpp"

#include <dlfcn.h>

#include <algorithm>

#include "alkali/base/error.hpp"

namespace alkali::models::kim {
namespace {

template <class Function>
void resolve(void* handle, const char* name, Function& target) {
    void* symbol = ::dlsym(handle, name);
    if (symbol == nullptr)
        throw ExternalProgramError(std::string("the KIM library has no function ") + name, "libkim-api",
                                   "alkali needs KIM-API 2.2 or later (Debian: apt install libkim-api2 openkim-models)");
    target = reinterpret_cast<Function>(symbol);
}

void resolve_names(void* h, Functions& f) {
    resolve(h, "KIM_LengthUnit_FromString", f.length_unit);
    resolve(h, "KIM_EnergyUnit_FromString", f.energy_unit);
    resolve(h, "KIM_ChargeUnit_FromString", f.charge_unit);
    resolve(h, "KIM_TemperatureUnit_FromString", f.temperature_unit);
    resolve(h, "KIM_TimeUnit_FromString", f.time_unit);
    resolve(h, "KIM_Numbering_FromString", f.numbering);
    resolve(h, "KIM_LanguageName_FromString", f.language);
    resolve(h, "KIM_SpeciesName_FromString", f.species_name);
    resolve(h, "KIM_ComputeArgumentName_FromString", f.argument_name);
    resolve(h, "KIM_ComputeCallbackName_FromString", f.callback_name);
    resolve(h, "KIM_LogVerbosity_FromString", f.verbosity);
    resolve(h, "KIM_CollectionItemType_FromString", f.item_type);
    resolve(h, "KIM_LengthUnit_ToString", f.length_unit_text);
    resolve(h, "KIM_EnergyUnit_ToString", f.energy_unit_text);
    resolve(h, "KIM_SupportStatus_ToString", f.support_text);
    resolve(h, "KIM_CollectionItemType_ToString", f.item_type_text);
}

void resolve_model(void* h, Functions& f) {
    resolve(h, "KIM_Model_Create", f.model_create);
    resolve(h, "KIM_Model_Destroy", f.model_destroy);
    resolve(h, "KIM_Model_GetInfluenceDistance", f.influence_distance);
    resolve(h, "KIM_Model_GetNeighborListPointers", f.neighbour_lists);
    resolve(h, "KIM_Model_GetUnits", f.model_units);
    resolve(h, "KIM_Model_GetSpeciesSupportAndCode", f.species_support);
    resolve(h, "KIM_Model_ComputeArgumentsCreate", f.arguments_create);
    resolve(h, "KIM_Model_ComputeArgumentsDestroy", f.arguments_destroy);
    resolve(h, "KIM_Model_Compute", f.model_compute);
    resolve(h, "KIM_ComputeArguments_GetArgumentSupportStatus", f.argument_support);
    resolve(h, "KIM_ComputeArguments_SetArgumentPointerInteger", f.set_integers);
    resolve(h, "KIM_ComputeArguments_SetArgumentPointerDouble", f.set_doubles);
    resolve(h, "KIM_ComputeArguments_SetCallbackPointer", f.set_callback);
    resolve(h, "KIM_ComputeArguments_AreAllRequiredArgumentsAndCallbacksPresent", f.all_required_present);
}

void resolve_collections(void* h, Functions& f) {
    resolve(h, "KIM_Collections_Create", f.collections_create);
    resolve(h, "KIM_Collections_Destroy", f.collections_destroy);
    resolve(h, "KIM_Collections_GetItemType", f.item_type_of);
    resolve(h, "KIM_Collections_CacheListOfItemNamesByType", f.cache_names);
    resolve(h, "KIM_Collections_GetItemNameByType", f.name_at);
    resolve(h, "KIM_Collections_GetProjectNameAndSemVer", f.project_version);
    resolve(h, "KIM_Log_PushDefaultVerbosity", f.push_log_verbosity);
    resolve(h, "KIM_Log_PopDefaultVerbosity", f.pop_log_verbosity);
}

/// The installed items, open for asking.
class OpenCollections {
public:
    explicit OpenCollections(const Functions& functions) : functions_(functions) {
        const QuietLog quiet(functions);
        if (functions.collections_create(&collections_) != 0)
            throw ExternalProgramError("the list of installed KIM models cannot be read", "libkim-api");
    }
    ~OpenCollections() { functions_.collections_destroy(&collections_); }
    OpenCollections(const OpenCollections&) = delete;
    OpenCollections& operator=(const OpenCollections&) = delete;
    [[nodiscard]] Collections* get() const { return collections_; }

private:
    const Functions& functions_;
    Collections* collections_ = nullptr;
};

}  // namespace

std::shared_ptr<const Library> Library::load(const std::string& file_name) {
    // Never closed: models that it has opened keep static objects, whose destructors must find their code at exit.
    void* handle = ::dlopen(file_name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr)
        throw ExternalProgramError("the KIM library " + file_name + " is not installed",
                                   "kim:", "install it and its models (Debian: apt install libkim-api2 openkim-models)");
    auto library = std::make_shared<Library>();
    resolve_names(handle, library->functions_);
    resolve_model(handle, library->functions_);
    resolve_collections(handle, library->functions_);
    return library;
}

std::vector<std::string> Library::installed(const char* type) const {
    const OpenCollections collections(functions_);
    int count = 0;
    if (functions_.cache_names(collections.get(), functions_.item_type(type), &count) != 0) return {};
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) {
        const char* name = nullptr;
        if (functions_.name_at(collections.get(), i, &name) == 0) names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string Library::type_of(const std::string& name) const {
    const OpenCollections collections(functions_);
    Enumerator type{};
    if (functions_.item_type_of(collections.get(), name.c_str(), &type) != 0) return {};
    return functions_.item_type_text(type);
}

std::string Library::version() const {
    const OpenCollections collections(functions_);
    const char *project = nullptr, *version = nullptr;
    functions_.project_version(collections.get(), &project, &version);
    return version == nullptr ? std::string{} : version;
}

QuietLog::QuietLog(const Functions& functions) : functions_(functions) { functions.push_log_verbosity(functions.verbosity("silent")); }
QuietLog::~QuietLog() { functions_.pop_log_verbosity(); }

}  // namespace alkali::models::kim
